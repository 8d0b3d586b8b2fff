package main

import (
	"fmt"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// clusterName is what the kubeconfig calls the cluster and its only context.
const clusterName = "testcluster"

// clientQPS is a rate that no client of ours reaches.
const clientQPS = 1000

// writeKubeconfig writes a file with which a client is the given user. It
// stands alone: the certificates are inside.
func writeKubeconfig(path, url string, pki *pki, user string) error {
	ca, err := os.ReadFile(pki.cert("ca"))
	if err != nil {
		return fmt.Errorf("reading the authority's certificate: %w", err)
	}
	cert, err := os.ReadFile(pki.cert(user))
	if err != nil {
		return fmt.Errorf("reading the certificate of %s: %w", user, err)
	}
	key, err := os.ReadFile(pki.key(user))
	if err != nil {
		return fmt.Errorf("reading the key of %s: %w", user, err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[clusterName] = &clientcmdapi.Cluster{Server: url, CertificateAuthorityData: ca}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: cert, ClientKeyData: key}
	config.Contexts[clusterName] = &clientcmdapi.Context{Cluster: clusterName, AuthInfo: user}
	config.CurrentContext = clusterName
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("writing kubeconfig %s: %w", path, err)
	}
	return nil
}

// restConfig reads a kubeconfig.
func restConfig(path string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("reading kubeconfig %s: %w", path, err)
	}
	return config, nil
}
