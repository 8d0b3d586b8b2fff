package standin

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// The wait between crashes doubles as the kubelet's does, but starts at a
// fiftieth: five restarts take three seconds, not two and a half minutes.
const (
	firstBackoff = 200 * time.Millisecond
	lastBackoff  = 30 * time.Second
)

// crashes remembers when each crash-looping pod crashes next. A pod that it does
// not know crashes at once.
type crashes struct {
	mu   sync.Mutex
	next map[types.UID]time.Time
}

// wait is the time until the next crash; none or less if it is due.
func (c *crashes) wait(pod types.UID, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next[pod].Sub(now)
}

func (c *crashes) set(pod types.UID, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = map[types.UID]time.Time{}
	}
	c.next[pod] = at
}

func (c *crashes) forget(pod types.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.next, pod)
}

// backoff is the wait after the given number of restarts.
func backoff(restarts int32) time.Duration {
	wait := firstBackoff
	for range restarts - 1 {
		if wait *= 2; wait >= lastBackoff {
			return lastBackoff
		}
	}
	return wait
}

// restartsOf is how often the pod's containers restarted; they do so together.
func restartsOf(pod *corev1.Pod) int32 {
	var most int32
	for _, status := range pod.Status.ContainerStatuses {
		most = max(most, status.RestartCount)
	}
	return most
}
