package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

// pollInterval is short, for a test waits for us.
const pollInterval = 50 * time.Millisecond

// waitServing waits until the API server says that it is ready.
func waitServing(ctx context.Context, client kubernetes.Interface) error {
	return poll(ctx, "the API server to be ready", func(ctx context.Context) error {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err
	})
}

// waitWorking runs a Deployment in a namespace of its own until its pod is
// available, which takes most of the controllers, service accounts and the
// stand-in, and then deletes both.
func waitWorking(ctx context.Context, client kubernetes.Interface) error {
	namespaces := client.CoreV1().Namespaces()
	namespace, err := namespaces.Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "testcluster-start-"},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("making a namespace to try the cluster in: %w", err)
	}
	deployments := client.AppsV1().Deployments(namespace.Name)
	if _, err := deployments.Create(ctx, trial(), metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("making a deployment to try the cluster with: %w", err)
	}
	err = poll(ctx, "the controllers to make a deployment available", func(ctx context.Context) error {
		deployment, err := deployments.Get(ctx, trial().Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if deployment.Status.AvailableReplicas == 0 {
			return fmt.Errorf("it has the status %+v", deployment.Status)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := namespaces.Delete(ctx, namespace.Name, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("deleting namespace %s: %w", namespace.Name, err)
	}
	return nil
}

// poll asks until the answer is no error; its own error names what it waited
// for and the last answer.
func poll(ctx context.Context, what string, ask func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		last = ask(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for %s: %w (last: %v)", what, err, last)
	}
	return nil
}

func trial() *appsv1.Deployment {
	labels := map[string]string{"app": "trial"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "trial"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "trial", Image: "trial"}}},
			},
		},
	}
}
