//! YAML with the semantics of Kubernetes.
