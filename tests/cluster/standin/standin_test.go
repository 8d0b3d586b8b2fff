package standin

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var (
	start = metav1.NewTime(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	later = metav1.NewTime(start.Add(time.Minute))
)

// pod is one of a ReplicaSet, with two containers and one that initializes.
func pod() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "web", Namespace: "shop", UID: "5d0c",
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "web", Controller: new(true)}},
		},
		Spec: corev1.PodSpec{
			RestartPolicy:  corev1.RestartPolicyAlways,
			InitContainers: []corev1.Container{{Name: "migrate", Image: "web:1"}},
			Containers:     []corev1.Container{{Name: "web", Image: "web:1"}, {Name: "proxy", Image: "proxy:1"}},
		},
	}
}

// after is the pod with the status that a behaviour gives it.
func after(p *corev1.Pod, behaviour Behaviour, restarts int32, now metav1.Time) *corev1.Pod {
	p = p.DeepCopy()
	p.Status = statusOf(p, behaviour, restarts, now)
	return p
}

func conditionOf(p *corev1.Pod, kind corev1.PodConditionType) corev1.PodCondition {
	for _, condition := range p.Status.Conditions {
		if condition.Type == kind {
			return condition
		}
	}
	return corev1.PodCondition{Status: "missing"}
}

// stateWord is what kubectl would print of a container.
func stateWord(state corev1.ContainerState) string {
	switch {
	case state.Running != nil:
		return "Running"
	case state.Waiting != nil:
		return state.Waiting.Reason
	case state.Terminated != nil:
		return state.Terminated.Reason
	default:
		return "none"
	}
}

func TestEachBehaviourReportsWhatAKubeletWould(t *testing.T) {
	tests := []struct {
		behaviour Behaviour
		phase     corev1.PodPhase
		state     string
		ready     bool
	}{
		{Run, corev1.PodRunning, "Running", true},
		{Unready, corev1.PodRunning, "Running", false},
		{Pending, corev1.PodPending, "ContainerCreating", false},
		{ImagePull, corev1.PodPending, "ImagePullBackOff", false},
		{InvalidImageName, corev1.PodPending, "InvalidImageName", false},
		{CrashLoop, corev1.PodRunning, "CrashLoopBackOff", false},
		{Fail, corev1.PodFailed, "Error", false},
		{Succeed, corev1.PodSucceeded, "Completed", false},
	}
	if len(tests) != len(behaviours) {
		t.Errorf("%d behaviours are tested of %d", len(tests), len(behaviours))
	}
	for _, test := range tests {
		got := after(pod(), test.behaviour, 0, start)
		if got.Status.Phase != test.phase {
			t.Errorf("%s: phase %s, want %s", test.behaviour, got.Status.Phase, test.phase)
		}
		if ready := conditionOf(got, corev1.PodReady).Status == corev1.ConditionTrue; ready != test.ready {
			t.Errorf("%s: ready %t, want %t", test.behaviour, ready, test.ready)
		}
		if len(got.Status.ContainerStatuses) != 2 {
			t.Errorf("%s: %d containers reported of 2", test.behaviour, len(got.Status.ContainerStatuses))
		}
		for _, status := range got.Status.ContainerStatuses {
			if word := stateWord(status.State); word != test.state || status.Ready != test.ready {
				t.Errorf("%s: container %s is %s, ready %t", test.behaviour, status.Name, word, status.Ready)
			}
		}
	}
}

func TestSayingItAgainChangesNothing(t *testing.T) {
	for _, first := range behaviours {
		for _, second := range behaviours {
			once := after(after(pod(), first, 1, start), second, 1, start)
			twice := after(once, second, 1, later)
			if !apiequality.Semantic.DeepEqual(once.Status, twice.Status) {
				t.Errorf("%s, then %s twice: the status changed from %+v to %+v", first, second, once.Status, twice.Status)
			}
		}
	}
}

func TestACrashKeepsItsCountAndItsTrace(t *testing.T) {
	crashed := after(after(pod(), Run, 0, start), CrashLoop, 1, later)
	healed := after(crashed, Run, 1, later)
	for _, status := range healed.Status.ContainerStatuses {
		last := status.LastTerminationState.Terminated
		if status.RestartCount != 1 || last == nil || last.ExitCode != 1 {
			t.Fatalf("container %s: %d restarts, last ended %+v", status.Name, status.RestartCount, last)
		}
		if !last.StartedAt.Equal(&start) || !last.FinishedAt.Equal(&later) {
			t.Errorf("container %s: last ran from %s to %s", status.Name, last.StartedAt, last.FinishedAt)
		}
	}
}

func TestTransitionTimesMoveWithTheirStatusOnly(t *testing.T) {
	unready := after(after(pod(), Run, 0, start), Unready, 0, later)
	if got := conditionOf(unready, corev1.PodReady).LastTransitionTime; !got.Equal(&later) {
		t.Errorf("Ready changed at %s, want %s", got, later)
	}
	if got := conditionOf(unready, corev1.PodInitialized).LastTransitionTime; !got.Equal(&start) {
		t.Errorf("Initialized changed at %s, want %s", got, start)
	}
}

func TestAReadinessGateHoldsThePodUntilItOpens(t *testing.T) {
	gated := pod()
	gated.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.com/warm"}}
	if got := conditionOf(after(gated, Run, 0, start), corev1.PodReady); got.Status != corev1.ConditionFalse {
		t.Errorf("Ready is %s behind a closed gate", got.Status)
	}
	open := corev1.PodCondition{Type: "example.com/warm", Status: corev1.ConditionTrue}
	gated.Status.Conditions = []corev1.PodCondition{open}
	ready := after(gated, Run, 0, start)
	if got := conditionOf(ready, corev1.PodReady); got.Status != corev1.ConditionTrue {
		t.Errorf("Ready is %s behind an open gate", got.Status)
	}
	if got := conditionOf(ready, open.Type); got != open {
		t.Errorf("the gate's own condition became %+v", got)
	}
}

func TestTheAnnotationDecides(t *testing.T) {
	bare, job := pod(), pod()
	bare.OwnerReferences = nil
	job.Spec.RestartPolicy = corev1.RestartPolicyNever
	tests := []struct {
		name string
		pod  *corev1.Pod
		word string
		want Behaviour
	}{
		{"a word", pod(), "image-pull", ImagePull},
		{"a bare pod ends", bare, "fail", Fail},
		{"a job's pod ends", job, "succeed", Succeed},
		{"a deployment's pod is restarted", pod(), "fail", CrashLoop},
	}
	for _, test := range tests {
		test.pod.Annotations = map[string]string{Annotation: test.word}
		if got, err := behaviourOf(test.pod); err != nil || got != test.want {
			t.Errorf("%s: %q means %q (%v), want %q", test.name, test.word, got, err, test.want)
		}
	}
	if got, err := behaviourOf(pod()); err != nil || got != Run {
		t.Errorf("without annotation: %q (%v), want %q", got, err, Run)
	}
	wrong := pod()
	wrong.Annotations = map[string]string{Annotation: "crashloop"}
	if _, err := behaviourOf(wrong); err == nil || !strings.Contains(err.Error(), "crash-loop") {
		t.Errorf("a word that is nearly right: %v, want an error that names the right one", err)
	}
}

func TestCrashesComeSlowerAndSlowerUpToALimit(t *testing.T) {
	var total time.Duration
	for restarts := int32(1); restarts < 5; restarts++ {
		total += backoff(restarts)
	}
	if total != 3*time.Second {
		t.Errorf("five restarts take %s, and the README says 3s", total)
	}
	if got := backoff(1000); got != lastBackoff {
		t.Errorf("after 1000 restarts: %s, want %s", got, lastBackoff)
	}
}
