package standin

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// containerStatuses reports every container of the pod as doing the same.
func containerStatuses(pod *corev1.Pod, behaviour Behaviour, restarts int32, now metav1.Time) []corev1.ContainerStatus {
	var statuses []corev1.ContainerStatus
	for _, container := range pod.Spec.Containers {
		before := previous(pod.Status.ContainerStatuses, container.Name)
		status := newStatus(pod, container, restarts)
		status.Ready = behaviour == Run
		status.Started = new(behaviour == Run || behaviour == Unready)
		status.LastTerminationState = before.LastTerminationState
		status.State = stateOf(container, behaviour, before, now)
		if behaviour == CrashLoop && restarts != before.RestartCount {
			status.LastTerminationState.Terminated = exited(1, before, now)
		}
		if status.State.Waiting != nil && restarts == 0 {
			status.ContainerID, status.ImageID = "", ""
		}
		statuses = append(statuses, status)
	}
	return statuses
}

// initStatuses reports init containers as done, and sidecars as running.
func initStatuses(pod *corev1.Pod, now metav1.Time) []corev1.ContainerStatus {
	var statuses []corev1.ContainerStatus
	for _, container := range pod.Spec.InitContainers {
		before := previous(pod.Status.InitContainerStatuses, container.Name)
		status := newStatus(pod, container, 0)
		status.Ready = true
		sidecar := container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
		status.Started = new(sidecar)
		if sidecar {
			status.State = running(before, now)
		} else {
			status.State = ended(0, before, now)
		}
		statuses = append(statuses, status)
	}
	return statuses
}

func newStatus(pod *corev1.Pod, container corev1.Container, restarts int32) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		Name:         container.Name,
		Image:        container.Image,
		ImageID:      "testcluster://" + container.Image,
		ContainerID:  fmt.Sprintf("testcluster://%s/%s/%d", pod.UID, container.Name, restarts),
		RestartCount: restarts,
	}
}

func stateOf(container corev1.Container, behaviour Behaviour, before corev1.ContainerStatus, now metav1.Time) corev1.ContainerState {
	switch behaviour {
	case Pending:
		return waiting("ContainerCreating", "")
	case ImagePull:
		return waiting("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q", container.Image))
	case InvalidImageName:
		return waiting("InvalidImageName", fmt.Sprintf("Failed to apply default image tag %q: couldn't parse image name", container.Image))
	case CrashLoop:
		return waiting("CrashLoopBackOff", "back-off restarting failed container "+container.Name)
	case Fail:
		return ended(1, before, now)
	case Succeed:
		return ended(0, before, now)
	default:
		return running(before, now)
	}
}

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

// running keeps the start of a container that ran before.
func running(before corev1.ContainerStatus, now metav1.Time) corev1.ContainerState {
	if before.State.Running != nil {
		return before.State
	}
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}
}

// ended keeps the times of a container that had ended before.
func ended(code int32, before corev1.ContainerStatus, now metav1.Time) corev1.ContainerState {
	if before.State.Terminated != nil {
		return before.State
	}
	return corev1.ContainerState{Terminated: exited(code, before, now)}
}

// exited describes a container that ends now.
func exited(code int32, before corev1.ContainerStatus, now metav1.Time) *corev1.ContainerStateTerminated {
	terminated := &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: "Completed", StartedAt: now, FinishedAt: now, ContainerID: before.ContainerID,
	}
	if code != 0 {
		terminated.Reason = "Error"
	}
	if before.State.Running != nil {
		terminated.StartedAt = before.State.Running.StartedAt
	}
	return terminated
}

// previous finds what was reported of a container; nothing was of a new one.
func previous(statuses []corev1.ContainerStatus, name string) corev1.ContainerStatus {
	for _, status := range statuses {
		if status.Name == name {
			return status
		}
	}
	return corev1.ContainerStatus{}
}
