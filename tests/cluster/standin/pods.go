package standin

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// workers is how many pods are worked on at a time.
const workers = 4

// pods schedules pods, reports their status and finishes their deletion.
type pods struct {
	client  kubernetes.Interface
	node    *corev1.Node
	lister  corelisters.PodLister
	queue   workqueue.TypedRateLimitingInterface[cache.ObjectName]
	crashes crashes
}

// newPods prepares the work and subscribes to changes of pods; what it returns
// beside says when the first list has arrived.
func newPods(client kubernetes.Interface, node *corev1.Node, informer coreinformers.PodInformer) (*pods, cache.InformerSynced, error) {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](5*time.Millisecond, time.Second)
	p := &pods{
		client: client,
		node:   node,
		lister: informer.Lister(),
		queue:  workqueue.NewTypedRateLimitingQueue(limiter),
	}
	registration, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    p.enqueue,
		UpdateFunc: func(_, object any) { p.enqueue(object) },
		DeleteFunc: p.forget,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("watching pods: %w", err)
	}
	return p, registration.HasSynced, nil
}

// run works until the context ends.
func (p *pods) run(ctx context.Context) {
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for p.next(ctx) {
			}
		})
	}
	<-ctx.Done()
	p.queue.ShutDown()
	group.Wait()
}

func (p *pods) enqueue(object any) {
	if pod, ok := object.(*corev1.Pod); ok {
		p.queue.Add(cache.MetaObjectToName(pod))
	}
}

func (p *pods) forget(object any) {
	if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = last.Obj
	}
	if pod, ok := object.(*corev1.Pod); ok {
		p.crashes.forget(pod.UID)
	}
}

// next works on one pod and says whether there may be another. A pod that
// changed or went meanwhile comes again by itself, all other errors retry.
func (p *pods) next(ctx context.Context) bool {
	name, stopped := p.queue.Get()
	if stopped {
		return false
	}
	defer p.queue.Done(name)
	err := p.look(ctx, name)
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		if ctx.Err() == nil {
			klog.ErrorS(err, "Looking after a pod", "pod", name)
		}
		p.queue.AddRateLimited(name)
		return true
	}
	p.queue.Forget(name)
	return true
}

// look brings one pod to where it should be; what that changes brings the pod
// here again.
func (p *pods) look(ctx context.Context, name cache.ObjectName) error {
	pod, err := p.lister.Pods(name.Namespace).Get(name.Name)
	if err != nil {
		return err
	}
	switch {
	case pod.Spec.NodeName != "" && pod.Spec.NodeName != p.node.Name:
		return nil
	case pod.DeletionTimestamp != nil:
		return p.finish(ctx, pod)
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return nil
	case pod.Spec.NodeName == "":
		return p.schedule(ctx, pod)
	default:
		return p.report(ctx, pod)
	}
}

// finish ends a graceful deletion, as the kubelet does when the containers have
// stopped. What finalizers hold stays.
func (p *pods) finish(ctx context.Context, pod *corev1.Pod) error {
	if pod.Spec.NodeName == "" || *pod.DeletionGracePeriodSeconds == 0 {
		return nil
	}
	return p.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: new(int64),
		Preconditions:      metav1.NewUIDPreconditions(string(pod.UID)),
	})
}

// schedule binds a pod to the node, or says why it does not.
func (p *pods) schedule(ctx context.Context, pod *corev1.Pod) error {
	if len(pod.Spec.SchedulingGates) > 0 || pod.Spec.SchedulerName != corev1.DefaultSchedulerName {
		return nil
	}
	behaviour, err := behaviourOf(pod)
	if err != nil {
		return p.refuse(ctx, pod, err.Error())
	}
	if behaviour == Pending {
		return p.refuse(ctx, pod, "0/1 nodes are available: the pod's annotation "+Annotation+" says so")
	}
	fits, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(p.node)
	if err != nil {
		return p.refuse(ctx, pod, err.Error())
	}
	if !fits {
		return p.refuse(ctx, pod, "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector")
	}
	return p.client.CoreV1().Pods(pod.Namespace).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: p.node.Name},
	}, metav1.CreateOptions{})
}

func (p *pods) refuse(ctx context.Context, pod *corev1.Pod, message string) error {
	status := *pod.Status.DeepCopy()
	setCondition(&status, unscheduled(pod, message), metav1.Now())
	return p.write(ctx, pod, status)
}

// report writes the status that follows from the pod's behaviour. A word that
// it does not know changes nothing on a pod that has its node.
func (p *pods) report(ctx context.Context, pod *corev1.Pod) error {
	behaviour, err := behaviourOf(pod)
	if err != nil {
		klog.ErrorS(err, "Reading a pod's behaviour", "pod", klog.KObj(pod))
		return nil
	}
	restarts := restartsOf(pod)
	if behaviour != CrashLoop {
		p.crashes.forget(pod.UID)
		return p.write(ctx, pod, statusOf(pod, behaviour, restarts, metav1.Now()))
	}
	now := time.Now()
	wait := p.crashes.wait(pod.UID, now)
	if wait <= 0 {
		restarts++
		wait = backoff(restarts)
	}
	err = p.write(ctx, pod, statusOf(pod, behaviour, restarts, metav1.NewTime(now)))
	if err != nil {
		return err
	}
	p.crashes.set(pod.UID, now.Add(wait))
	p.queue.AddAfter(cache.MetaObjectToName(pod), wait)
	return nil
}

// write stores a status if it differs from the one that is there.
func (p *pods) write(ctx context.Context, pod *corev1.Pod, status corev1.PodStatus) error {
	if apiequality.Semantic.DeepEqual(pod.Status, status) {
		return nil
	}
	pod = pod.DeepCopy()
	pod.Status = status
	_, err := p.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}
