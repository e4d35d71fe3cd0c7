package normal

import (
	"os"
	"strconv"
)

// chaos returns how many times more than usual a random test should do.
func chaos() int {
	n, err := strconv.Atoi(os.Getenv("LEADGATE_CHAOS"))
	if err != nil {
		return 1
	}
	return max(n, 1)
}
