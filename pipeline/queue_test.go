package pipeline_test

import (
	"testing"

	"leadgate/pipeline"
	"leadgate/pipeline/queuetest"
)

func TestLocalQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, func(*testing.T) pipeline.Queue { return pipeline.NewQueue() })
}
