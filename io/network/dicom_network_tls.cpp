// Transport layers of DCMTK, watched, with certificates checked by OpenSSL.
#include "io/network/dicom_network_tls.h"

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <utility>

#include <dcmtk/dcmnet/dcmtrans.h>
#include <dcmtk/dcmtls/tlslayer.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace ctforge::io {

namespace {

// A connection of DCMTK's that tells the watch what it reads, before anything is made of it.
class Counted : public DcmTransportConnection {
 public:
  Counted(SocketWatch& watch, DcmNativeSocketType socket, std::unique_ptr<DcmTransportConnection> connection)
      : DcmTransportConnection(socket), watch_(watch), connection_(std::move(connection)) {}

  ssize_t read(void* bytes, size_t count) override {
    const ssize_t got = connection_->read(bytes, count);
    if (got <= 0 || watch_.count(got)) return got;
    errno = ECONNABORTED;
    return -1;
  }
  ssize_t write(void* bytes, size_t count) override { return connection_->write(bytes, count); }
  OFCondition serverSideHandshake() override { return connection_->serverSideHandshake(); }
  OFCondition clientSideHandshake() override { return connection_->clientSideHandshake(); }
  OFCondition renegotiate(const char* suite) override { return connection_->renegotiate(suite); }
  void close() override { connection_->close(); }
  void closeTransportConnection() override { connection_->closeTransportConnection(); }
  unsigned long getPeerCertificateLength() override { return connection_->getPeerCertificateLength(); }
  unsigned long getPeerCertificate(void* bytes, unsigned long size) override {
    return connection_->getPeerCertificate(bytes, size);
  }
  OFBool networkDataAvailable(int timeout_s) override { return connection_->networkDataAvailable(timeout_s); }
  OFBool isTransparentConnection() override { return connection_->isTransparentConnection(); }
  OFString& dumpConnectionParameters(OFString& text) override { return connection_->dumpConnectionParameters(text); }

 private:
  SocketWatch& watch_;
  std::unique_ptr<DcmTransportConnection> connection_;
};

// Tells the watch each socket that a connection is made of, and what comes through it.
template <class Layer>
class Watched : public Layer {
 public:
  template <class... Arguments>
  explicit Watched(SocketWatch& watch, Arguments... arguments) : Layer(arguments...), watch_(watch) {}

  DcmTransportConnection* createConnection(DcmNativeSocketType socket, OFBool secure) override {
    watch_.watch(static_cast<int>(socket));
    std::unique_ptr<DcmTransportConnection> connection(Layer::createConnection(socket, secure));
    return connection ? std::make_unique<Counted>(watch_, socket, std::move(connection)).release() : nullptr;
  }

 private:
  SocketWatch& watch_;
};

void require(bool good, const char* what) {
  if (!good) throw DataError(Fault::Unreadable, std::string("TLS: ") + what);
}

void load_files(DcmTLSTransportLayer& layer, const TlsSettings& settings) {
  require(layer.addTrustedCertificateFile(settings.authorities.c_str(), DCF_Filetype_PEM).good(),
          "the file of authorities is no PEM file of certificates");
  if (settings.certificate.empty()) return;
  // A key under a password would ask for it on the terminal.
  layer.setPrivateKeyPasswd("");
  require(layer.setCertificateFile(settings.certificate.c_str(), DCF_Filetype_PEM).good(),
          "the certificate's file is no PEM file of a certificate");
  require(layer.setPrivateKeyFile(settings.key.c_str(), DCF_Filetype_PEM).good(),
          "the key's file is no PEM file of a private key without a password");
  require(layer.checkPrivateKeyMatchesCertificate(), "the key is not that of the certificate");
}

void require_name(DcmTLSTransportLayer& layer, const std::string& name) {
  X509_VERIFY_PARAM* checks = SSL_CTX_get0_param(layer.getNativeHandle());
  X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool address = name.find_first_not_of("0123456789.") == std::string::npos;
  const int set = address ? X509_VERIFY_PARAM_set1_ip_asc(checks, name.c_str())
                          : X509_VERIFY_PARAM_set1_host(checks, name.c_str(), name.size());
  require(set == 1, "the name that the certificate must bear cannot be checked");
}

}  // namespace

std::unique_ptr<DcmTransportLayer> make_transport(const TlsSettings& settings, T_ASC_NetworkRole role,
                                                  const std::string& host, SocketWatch& watch) {
  if (!settings.enabled) return std::make_unique<Watched<DcmTransportLayer>>(watch);
  auto layer = std::make_unique<Watched<DcmTLSTransportLayer>>(watch, role, static_cast<const char*>(nullptr), OFTrue);
  if (layer->getNativeHandle() == nullptr) throw std::runtime_error("OpenSSL cannot be set up");
  load_files(*layer, settings);
  if (layer->setTLSProfile(TSP_Profile_BCP195).bad() || layer->activateCipherSuites().bad())
    throw std::runtime_error("OpenSSL has none of the cipher suites of BCP 195");
  layer->setCertificateVerification(DCV_requireCertificate);
  const std::string& name = settings.name.empty() ? host : settings.name;
  if (!host.empty()) require_name(*layer, name);
  return layer;
}

}  // namespace ctforge::io
