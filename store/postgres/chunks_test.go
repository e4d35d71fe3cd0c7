package postgres

import (
	"testing"

	"leadgate/internal/services"
	"leadgate/store/blob/blobtest"
)

func TestChunks(t *testing.T) {
	t.Parallel()
	server := services.Postgres(t)
	blobtest.Run(t, func(t *testing.T) blobtest.Place {
		s, err := Open(t.Context(), Options{DSN: server.Database(t).DSN()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return blobtest.Place{Store: s.Chunks(), Damage: func(t *testing.T, key string) {
			if _, err := s.write.Exec(t.Context(), `UPDATE blob_chunks SET data = set_byte(data, 0, get_byte(data, 0) # 1) WHERE key = $1 AND n = 0`, key); err != nil {
				t.Fatal(err)
			}
		}}
	})
}
