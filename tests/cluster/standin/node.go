package standin

import (
	"context"
	"runtime"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/component-base/version"
)

// NodeName is the cluster's only node.
const NodeName = "node-1"

// nodeAddress is where the node says it is; nothing listens there for it.
const nodeAddress = "127.0.0.1"

// ensureNode makes the node, or takes the one that an earlier run left, and
// reports it Ready. Nothing renews that and nothing takes it back, so a test may
// set the node's conditions and they stay.
func ensureNode(ctx context.Context, client kubernetes.Interface) (*corev1.Node, error) {
	nodes := client.CoreV1().Nodes()
	node, err := nodes.Create(ctx, newNode(), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		node, err = nodes.Get(ctx, NodeName, metav1.GetOptions{})
	}
	if err != nil {
		return nil, err
	}
	// The API server taints every new node; the controller that would take the
	// taint off again does not run here.
	node.Spec.Taints = nil
	if node, err = nodes.Update(ctx, node, metav1.UpdateOptions{}); err != nil {
		return nil, err
	}
	node.Status = nodeStatus(metav1.Now())
	return nodes.UpdateStatus(ctx, node, metav1.UpdateOptions{})
}

func newNode() *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: NodeName,
		Labels: map[string]string{
			corev1.LabelHostname:                    NodeName,
			corev1.LabelOSStable:                    "linux",
			corev1.LabelArchStable:                  runtime.GOARCH,
			"node-role.kubernetes.io/control-plane": "true",
		},
	}}
}

func nodeStatus(now metav1.Time) corev1.NodeStatus {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("64"),
		corev1.ResourceMemory:           resource.MustParse("256Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
		corev1.ResourcePods:             resource.MustParse("10000"),
	}
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason string) corev1.NodeCondition {
		return corev1.NodeCondition{
			Type: kind, Status: status, Reason: reason,
			LastHeartbeatTime: now, LastTransitionTime: now,
		}
	}
	return corev1.NodeStatus{
		Capacity:    capacity,
		Allocatable: capacity,
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: nodeAddress},
			{Type: corev1.NodeHostName, Address: NodeName},
		},
		Conditions: []corev1.NodeCondition{
			condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory"),
			condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure"),
			condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID"),
			condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady"),
		},
		NodeInfo: corev1.NodeSystemInfo{
			OperatingSystem:         "linux",
			Architecture:            runtime.GOARCH,
			OSImage:                 "testcluster",
			ContainerRuntimeVersion: "testcluster://0",
			KubeletVersion:          version.Get().GitVersion,
		},
	}
}
