// Package people makes people who do not exist, what they would leave in a
// business's channels, and the truth about who is who; and it scores what somebody
// else makes of it.
//
// [Stream] is a year of inquiries with what makes them hard in practice:
// households, switchboards, role mailboxes, shared tablets, namesakes, twins,
// numbers that change hands, portals that hide addresses, people who never use one
// value twice, and everything that goes wrong while typing. [Records] are persons
// as tables hold them, clean and with damaged copies. [Set.Pairs] are records two
// by two, with the answer. [Compare] scores clusters and [Review] a queue.
//
// Nothing is taken from a published collection, and everything depends on the seed
// alone: the same seed gives the same bytes, another seed other people.
// Domains of companies and portals are under .example; phone numbers have the form
// real ones have, so that they parse, and are not to be called.
package people
