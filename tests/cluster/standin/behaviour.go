package standin

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Annotation on a pod, or on the template that it is made from, says what its
// containers do. It may change while the pod lives.
const Annotation = "testcluster/pod"

// Behaviour is what a pod's containers do.
type Behaviour string

// All behaviours; README.md describes them.
const (
	Run              Behaviour = "run"
	Unready          Behaviour = "unready"
	Pending          Behaviour = "pending"
	ImagePull        Behaviour = "image-pull"
	InvalidImageName Behaviour = "invalid-image-name"
	CrashLoop        Behaviour = "crash-loop"
	Fail             Behaviour = "fail"
	Succeed          Behaviour = "succeed"
)

var behaviours = []Behaviour{Run, Unready, Pending, ImagePull, InvalidImageName, CrashLoop, Fail, Succeed}

// behaviourOf reads a pod's annotation; without one, a pod runs.
func behaviourOf(pod *corev1.Pod) (Behaviour, error) {
	word, found := pod.Annotations[Annotation]
	if !found {
		return Run, nil
	}
	behaviour := Behaviour(word)
	if !slices.Contains(behaviours, behaviour) {
		return "", fmt.Errorf("annotation %s has the unknown value %q: known are %s", Annotation, word, known())
	}
	if behaviour.ends() && restartedForEver(pod) {
		return CrashLoop, nil
	}
	return behaviour, nil
}

// ends says whether a pod that does this is over.
func (b Behaviour) ends() bool { return b == Fail || b == Succeed }

// restartedForEver says whether a pod that ended would be replaced by a new one
// that ends, and so on as fast as the machine can. Real kubelets restart the
// containers of such a pod, and it never ends.
func restartedForEver(pod *corev1.Pod) bool {
	return pod.Spec.RestartPolicy == corev1.RestartPolicyAlways && metav1.GetControllerOf(pod) != nil
}

func known() string {
	words := make([]string, len(behaviours))
	for i, behaviour := range behaviours {
		words[i] = string(behaviour)
	}
	return strings.Join(words, ", ")
}
