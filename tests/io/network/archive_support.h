// A small archive in the test's own process, on the loopback, which can be told to misbehave.
#pragma once

#include "io/network/dicom_network_listener.h"

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace ctforge::test {

struct ArchiveBehaviour {
  std::string title = "ARCHIVE";    // called by another one it rejects
  std::set<std::string> refused;    // object UIDs answered with 0xC000
  std::set<std::string> busy_once;  // object UIDs answered with 0xA700 the first time
  int dies_after = -1;              // objects after which the connection is cut, once; also when sending
  bool lies = false;                // sends another object than it announces
  bool offers_get = true;
  io::TlsSettings tls = {};
  int destination_port = 0;                       // of C-MOVE, on the loopback
  std::string comment = "Marxbrunner^Hildegard";  // on what it does not store: names somebody, as comments may
  std::size_t identifier_bytes = 0;               // that each answer of C-FIND has besides
  int strays = 0;                                 // objects that nobody asked for, before those of C-GET
  int pending = 0;                                // answers of C-GET and C-MOVE that say that it goes on
  std::size_t list_bytes = 0;                     // of a list of failures after the last answer of C-GET and C-MOVE
};

// Stores what it is sent in memory; answers C-STORE, C-FIND, C-GET and C-MOVE in the Study Root model.
class TestArchive {
 public:
  explicit TestArchive(ArchiveBehaviour behaviour = {});
  io::DicomPeer peer() const;  // how to reach it, with short timeouts
  int port() const { return listener_.port(); }
  void put(const std::filesystem::path& file);
  void forget(const std::string& object_uid);
  std::vector<std::string> stored() const;  // object UIDs, sorted
  int associations() const { return associations_; }
  int contexts() const { return contexts_; }      // of the last association
  int deliveries() const { return deliveries_; }  // C-STORE requests
  int queries() const { return queries_; }        // C-FIND requests
  ArchiveBehaviour behaviour;                     // may be changed between associations

 private:
  bool negotiate(T_ASC_Association& association);
  void answer(T_ASC_Association& association, T_ASC_PresentationContextID context, T_DIMSE_Message& message,
              io::SocketWatch& watch);
  void store(T_ASC_Association& association, T_ASC_PresentationContextID context, T_DIMSE_C_StoreRQ& request,
             io::SocketWatch& watch);
  void find(T_ASC_Association& association, T_ASC_PresentationContextID context, const T_DIMSE_C_FindRQ& request);
  void get(T_ASC_Association& association, T_ASC_PresentationContextID context, const T_DIMSE_C_GetRQ& request,
           io::SocketWatch& watch);
  void move(T_ASC_Association& association, T_ASC_PresentationContextID context, const T_DIMSE_C_MoveRQ& request);
  std::vector<DcmDataset*> matching(DcmDataset& identifier);

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<DcmDataset>> objects_;  // by UID
  std::atomic<int> associations_{0}, contexts_{0}, deliveries_{0}, queries_{0};
  io::DicomListener listener_;
};

// A port of the loopback that accepts connections and never says anything.
class SilentPort {
 public:
  SilentPort();
  ~SilentPort();
  int port() const { return port_; }

 private:
  int socket_ = -1, port_ = 0;
};

// While it lives no file of this process grows beyond so many bytes, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uintmax_t bytes);
  ~FileSizeLimit();
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_ = {};
  void (*handler_)(int) = nullptr;
};

// Certificates of 127.0.0.1 made by openssl: authority.pem, server.pem, server.key, client.pem, client.key and
// stranger.pem, an authority that signed none of them.
void make_certificates(const std::filesystem::path& folder);

// The slices of a synthetic CT series of the patient SYN-1, a file each.
std::vector<std::filesystem::path> write_objects(const std::filesystem::path& folder, int count);

}  // namespace ctforge::test
