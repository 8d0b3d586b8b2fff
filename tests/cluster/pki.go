package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Names of the two clients that the cluster makes certificates for. Both may do
// anything; they are two so that the audit log can tell tests from the
// cluster's own parts.
const (
	admin    = "admin"
	ownParts = "testcluster"
)

// lifetime is long enough for a directory that someone keeps.
const lifetime = 10 * 365 * 24 * time.Hour

// pki is a directory of throw-away keys and certificates, all in PEM.
type pki struct{ dir string }

func (p *pki) cert(name string) string { return filepath.Join(p.dir, name+".crt") }
func (p *pki) key(name string) string  { return filepath.Join(p.dir, name+".key") }

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// loadOrMakePKI takes the certificates that are in dir, or makes new ones. A
// directory that is there is whole: it gets its name last.
func loadOrMakePKI(dir string) (*pki, error) {
	if _, err := os.Stat(dir); err == nil {
		return &pki{dir}, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for certificates: %w", err)
	}
	unfinished := dir + ".new"
	if err := makePKI(&pki{unfinished}); err != nil {
		return nil, fmt.Errorf("making certificates: %w", err)
	}
	if err := os.Rename(unfinished, dir); err != nil {
		return nil, fmt.Errorf("putting the certificates in place: %w", err)
	}
	return &pki{dir}, nil
}

func makePKI(p *pki) error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	ca, err := makeAuthority(p)
	if err != nil {
		return err
	}
	server := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:    []string{"localhost", "kubernetes.default.svc"},
	}
	if err := ca.issue(p, "server", server); err != nil {
		return err
	}
	for _, client := range []string{admin, ownParts} {
		template := &x509.Certificate{
			Subject:     pkix.Name{CommonName: client, Organization: []string{"system:masters"}},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
		if err := ca.issue(p, client, template); err != nil {
			return err
		}
	}
	_, err = makeKey(p.key("service-account"))
	return err
}

func makeAuthority(p *pki) (*authority, error) {
	key, err := makeKey(p.key("ca"))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "testcluster-ca"},
		SerialNumber:          big.NewInt(1),
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(lifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("signing the authority's own certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the authority's own certificate: %w", err)
	}
	return &authority{cert, key}, writePEM(p.cert("ca"), "CERTIFICATE", der)
}

// issue makes a key and completes the template to a certificate for it.
func (ca *authority) issue(p *pki, name string, template *x509.Certificate) error {
	key, err := makeKey(p.key(name))
	if err != nil {
		return err
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return fmt.Errorf("drawing a serial number for %s: %w", name, err)
	}
	template.NotBefore, template.NotAfter = ca.cert.NotBefore, ca.cert.NotAfter
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		return fmt.Errorf("signing the certificate of %s: %w", name, err)
	}
	return writePEM(p.cert(name), "CERTIFICATE", der)
}

func makeKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", path, err)
	}
	return key, writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return os.WriteFile(path, block, 0o600)
}
