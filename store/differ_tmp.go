package store

// Differ is temporary.
func (s *Snapshot) Differ(a, b int64) bool { return false }
