// c10d's process groups; nothing of the project but this and peer_watch knows it.
#include "models/train/parallel.h"

#include "io/file/digest.h"
#include "models/train/loopback.h"
#include "models/train/peer_watch.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

#include <c10/util/Exception.h>
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/utils.h>
#include <unistd.h>
#ifdef CTFORGE_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

namespace ctforge::train {

namespace {

using std::chrono::milliseconds;

// Of one exchange. The watching thread finds lost processes much sooner; a slow one (rank 0 evaluating, say) is not
// lost.
constexpr milliseconds kExchangeLimit = std::chrono::hours(24 * 7);

std::shared_ptr<::gloo::transport::Device> gloo_device(const std::string& address) {
  using c10d::ProcessGroupGloo;
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) {
    try {
      return ProcessGroupGloo::createDeviceForInterface(interface);
    } catch (const std::exception&) {
      throw std::invalid_argument("GLOO_SOCKET_IFNAME: this machine has no network interface '" +
                                  std::string(interface) + "' that processes could meet through");
    }
  }
  return is_loopback(address) ? ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                              : ProcessGroupGloo::createDefaultDevice();
}

// Of some lines, as NCCL says things, one.
std::string on_one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::string line;
  for (const char c : text) line += c == '\n' ? std::string("; ") : std::string(1, c);
  return line;
}

// Why the processes did not come together: they had no more time, or what the network said.
std::string not_met(const Rendezvous& where, milliseconds within, bool in_time, const std::exception& error) {
  const std::string text = "not all of the " + std::to_string(where.size) + " processes met at " + where.address +
                           " port " + std::to_string(where.port);
  if (!in_time)
    return text + " within " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(within).count()) + " s";
  const auto* c10d = dynamic_cast<const c10::Error*>(&error);
  const std::string said = c10d != nullptr ? c10d->what_without_backtrace() : error.what();
  return text + ": " + said.substr(0, said.find('\n'));
}

}  // namespace

class Group::Impl {
 public:
  Impl(const Rendezvous& where, torch::Device device, const Options& options)
      : rank(where.rank),
        size(where.size),
        store_(connect_store(where, where.rank == 0 && !where.hosted, options.meet_within)) {
    watch_ = std::make_unique<PeerWatch>(where, options);
    std::vector<std::string> states;
    for (int other = 0; other < size; ++other) states.push_back(state_key(other));
    store_->wait(states, options.meet_within);
    watch_->start();
    auto gloo = c10d::ProcessGroupGloo::Options::create(kExchangeLimit);
    gloo->devices.push_back(gloo_device(where.address));
    gloo_ = c10::make_intrusive<c10d::ProcessGroupGloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", store_), rank,
                                                        size, gloo);
#ifdef CTFORGE_NCCL
    if (device.is_cuda()) {
      // Else its own watching thread ends the process with a stack trace where ours has one line to say.
      ::setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", 0);
      auto nccl = c10d::ProcessGroupNCCL::Options::create();
      nccl->timeout = kExchangeLimit;
      nccl_ = c10::make_intrusive<c10d::ProcessGroupNCCL>(c10::make_intrusive<c10d::PrefixStore>("nccl", store_), rank,
                                                          size, nccl);
    }
#else
    if (device.is_cuda()) throw std::invalid_argument("this build has no NCCL: it trains on one GPU alone");
#endif
  }

  c10d::Backend& backend_of(const torch::Tensor& tensor) { return tensor.is_cuda() ? *nccl_ : *gloo_; }

  std::unique_ptr<Exchange> start_sum(torch::Tensor& tensor) {
    struct Sum : Exchange {
      Sum(Impl& own_group, c10::intrusive_ptr<c10d::Work> started) : group(own_group), work(std::move(started)) {}
      void wait() override {
        group.guarded([this] { work->wait(); });
      }
      Impl& group;
      c10::intrusive_ptr<c10d::Work> work;
    };
    std::vector<torch::Tensor> one = {tensor};
    c10::intrusive_ptr<c10d::Work> work;
    guarded([&] { work = backend_of(tensor).allreduce(one); });
    return std::make_unique<Sum>(*this, work);
  }

  void reduce(torch::Tensor& tensor, c10d::ReduceOp::RedOpType operation) {
    c10d::AllreduceOptions options;
    options.reduceOp = operation;
    std::vector<torch::Tensor> one = {tensor};
    guarded([&] { backend_of(tensor).allreduce(one, options)->wait(); });
  }

  // Runs an exchange; what fails in it because of another process is that one's loss.
  template <class Exchange>
  void guarded(const Exchange& exchange) {
    try {
      exchange();
    } catch (const std::exception& error) {
      if (means_peer_lost(error)) lost();
      if (const auto* nccl = dynamic_cast<const c10::DistBackendError*>(&error))
        throw std::runtime_error(on_one_line(nccl->what_without_backtrace()));
      throw;
    }
  }

  [[noreturn]] void lost() {
    watch_->hush();  // who catches what is thrown says it
    bool told = false;
    try {
      for (int other = 0; other < size && !told; ++other) told = store_->get_to_str(state_key(other)) == kFailed;
    } catch (const std::exception&) {
      // The store went with rank 0.
    }
    throw PeerLost("another of the " + std::to_string(size) +
                       " processes that train together ended or was lost; what is saved is kept: run the same command "
                       "to go on",
                   told);
  }

  void leave() {
    guarded([&] {
      if (rank != 0) {
        watch_->stop();
        store_->set(state_key(rank), kLeft);
        store_->add("left", 1);
        return;
      }
      // The store is rank 0's: it must outlive the others' use of it.
      while (store_->add("left", 0) < size - 1) std::this_thread::sleep_for(milliseconds(20));
      watch_->stop();
    });
    left_ = true;
  }

  bool first_to_fail() {
    try {
      watch_->stop();
      store_->set(state_key(rank), kFailed);
      return store_->add("failures", 1) == 1;
    } catch (const std::exception&) {
      return false;  // rank 0 is gone, and has said why
    }
  }

  bool left() const { return left_; }
  // A failure: nobody may be waited for.
  void abandon() { watch_->stop(); }

  int rank, size;

 private:
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::Backend> gloo_, nccl_;
  std::unique_ptr<PeerWatch> watch_;
  bool left_ = false;
};

Group::Group(const Rendezvous& where, torch::Device device, const Options& options) {
  if (where.size < 2 || where.rank < 0 || where.rank >= where.size)
    throw std::invalid_argument("Group: a rank must be one of two or more");
  // c10d warns of a lost connection with a stack trace of its own; what it means for us is said in one line.
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = 2;  // errors
  const auto start = std::chrono::steady_clock::now();
  try {
    impl_ = std::make_unique<Impl>(where, device, options);
  } catch (const std::exception& error) {
    if (!means_peer_lost(error)) throw;
    const bool in_time = std::chrono::steady_clock::now() - start < options.meet_within;
    throw PeerLost(not_met(where, options.meet_within, in_time, error), false);
  }
}

Group::~Group() {
  if (!impl_ || impl_->left()) return;
  // The destructors of c10d would wait for exchanges that nobody ends.
  impl_->abandon();
  static_cast<void>(impl_.release());
}

int Group::rank() const { return impl_->rank; }
int Group::size() const { return impl_->size; }

std::vector<double> Group::sum(std::vector<double> values) {
  auto tensor = torch::tensor(values, torch::kFloat64);
  impl_->reduce(tensor, c10d::ReduceOp::SUM);
  return {tensor.data_ptr<double>(), tensor.data_ptr<double>() + tensor.numel()};
}

double Group::mean(double value) { return sum({value}).front() / size(); }

bool Group::any(bool value) { return sum({value ? 1.0 : 0.0}).front() > 0; }

bool Group::agree(const std::string& text) {
  const std::string digest = io::sha256_hex(text);  // 64 characters
  auto least = torch::empty({static_cast<std::int64_t>(digest.size())}, torch::kUInt8);
  std::memcpy(least.data_ptr(), digest.data(), digest.size());
  auto most = least.clone();
  impl_->reduce(least, c10d::ReduceOp::MIN);
  impl_->reduce(most, c10d::ReduceOp::MAX);
  return torch::equal(least, most);
}

void Group::barrier() { any(false); }

std::vector<torch::Tensor> Group::gather(const torch::Tensor& own) {
  std::vector<torch::Tensor> input = {own.contiguous()};
  std::vector<std::vector<torch::Tensor>> output(1);
  for (int i = 0; i < size(); ++i) output[0].push_back(torch::empty_like(input[0]));
  impl_->guarded([&] { impl_->backend_of(own).allgather(output, input)->wait(); });
  return output[0];
}

torch::Tensor Group::mean(const torch::Tensor& own) {
  auto total = own.detach().clone(torch::MemoryFormat::Contiguous);
  impl_->reduce(total, c10d::ReduceOp::SUM);
  return total.div_(size());
}

torch::Tensor Group::whole_sum(const torch::Tensor& own) {
  auto total = own.detach().clone(torch::MemoryFormat::Contiguous);
  impl_->reduce(total, c10d::ReduceOp::SUM);
  const auto scaled = own * static_cast<double>(size());
  return total + (scaled - scaled.detach());
}

std::unique_ptr<Exchange> Group::start_sum(torch::Tensor& tensor) { return impl_->start_sum(tensor); }

void Group::leave() { impl_->leave(); }
bool Group::first_to_fail() { return impl_->first_to_fail(); }

}  // namespace ctforge::train
