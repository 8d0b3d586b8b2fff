package standin

import (
	"fmt"
	"hash/fnv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// statusOf is the status that a kubelet would report for a pod on its node: a
// pure function, and asking again without a change gives the same. What others
// wrote (conditions of readiness gates, resource claims) stays.
func statusOf(pod *corev1.Pod, behaviour Behaviour, restarts int32, now metav1.Time) corev1.PodStatus {
	status := *pod.Status.DeepCopy()
	status.ObservedGeneration = pod.Generation
	status.Phase = phaseOf(behaviour)
	status.Reason, status.Message = "", ""
	status.HostIP, status.HostIPs = nodeAddress, []corev1.HostIP{{IP: nodeAddress}}
	if status.PodIP == "" && status.Phase != corev1.PodPending {
		status.PodIP = addressOf(pod)
		status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	}
	if status.StartTime == nil {
		status.StartTime = &now
	}
	status.InitContainerStatuses = initStatuses(pod, now)
	status.ContainerStatuses = containerStatuses(pod, behaviour, restarts, now)
	setConditions(&status, pod, behaviour, now)
	return status
}

func phaseOf(behaviour Behaviour) corev1.PodPhase {
	switch behaviour {
	case Pending, ImagePull, InvalidImageName:
		return corev1.PodPending
	case Fail:
		return corev1.PodFailed
	case Succeed:
		return corev1.PodSucceeded
	default:
		return corev1.PodRunning
	}
}

// setConditions derives the pod's conditions from its behaviour and gates.
func setConditions(status *corev1.PodStatus, pod *corev1.Pod, behaviour Behaviour, now metav1.Time) {
	ready, reason, message := behaviour == Run, "", ""
	switch {
	case behaviour == Succeed:
		reason = "PodCompleted"
	case behaviour == Fail:
		reason = "PodFailed"
	case !ready:
		reason, message = "ContainersNotReady", "containers with unready status: ["+containerNames(pod)+"]"
	}
	set := func(kind corev1.PodConditionType, yes bool, reason, message string) {
		setCondition(status, condition(pod, kind, yes, reason, message), now)
	}
	set(corev1.PodReadyToStartContainers, !behaviour.ends(), "", "")
	set(corev1.PodInitialized, true, "", "")
	set(corev1.ContainersReady, ready, reason, message)
	if gate := closedGate(pod); ready && gate != "" {
		ready, reason = false, "ReadinessGatesNotReady"
		message = fmt.Sprintf("the status of pod readiness gate %q is not \"True\"", gate)
	}
	set(corev1.PodReady, ready, reason, message)
	set(corev1.PodScheduled, true, "", "")
}

// unscheduled is the condition of a pod that the scheduler finds no node for.
func unscheduled(pod *corev1.Pod, message string) corev1.PodCondition {
	return condition(pod, corev1.PodScheduled, false, corev1.PodReasonUnschedulable, message)
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType, yes bool, reason, message string) corev1.PodCondition {
	status := corev1.ConditionFalse
	if yes {
		status = corev1.ConditionTrue
	}
	return corev1.PodCondition{
		Type: kind, Status: status, Reason: reason, Message: message,
		ObservedGeneration: pod.Generation,
	}
}

// setCondition puts a condition in its place; its transition time moves only
// when its status does.
func setCondition(status *corev1.PodStatus, wanted corev1.PodCondition, now metav1.Time) {
	wanted.LastTransitionTime = now
	for i, present := range status.Conditions {
		if present.Type != wanted.Type {
			continue
		}
		if present.Status == wanted.Status {
			wanted.LastTransitionTime = present.LastTransitionTime
		}
		wanted.LastProbeTime = present.LastProbeTime
		status.Conditions[i] = wanted
		return
	}
	status.Conditions = append(status.Conditions, wanted)
}

// closedGate names the first readiness gate that is not open.
func closedGate(pod *corev1.Pod) corev1.PodConditionType {
	open := map[corev1.PodConditionType]bool{}
	for _, condition := range pod.Status.Conditions {
		open[condition.Type] = condition.Status == corev1.ConditionTrue
	}
	for _, gate := range pod.Spec.ReadinessGates {
		if !open[gate.ConditionType] {
			return gate.ConditionType
		}
	}
	return ""
}

// addressOf spreads pods over 10.64.0.0/10 by their uid, so that a restarted
// cluster gives no address twice but by rare chance.
func addressOf(pod *corev1.Pod) string {
	hash := fnv.New32a()
	hash.Write([]byte(pod.UID))
	sum := hash.Sum32()
	return fmt.Sprintf("10.%d.%d.%d", 64+(sum>>16)&63, (sum>>8)&255, sum&255)
}

func containerNames(pod *corev1.Pod) string {
	names := make([]string, len(pod.Spec.Containers))
	for i, container := range pod.Spec.Containers {
		names[i] = container.Name
	}
	return strings.Join(names, " ")
}
