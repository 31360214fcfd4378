// Uses an installed ctforge from outside: writes a phantom CT, reads it back and runs a small U-Net on one of its
// slices. consumer FOLDER
#include "io/phantom/phantom.h"
#include "io/volume/inventory.h"
#include "io/volume/load.h"
#include "io/volume/volume_file.h"
#include "models/nets/unet.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <torch/utils.h>

namespace {

using namespace ctforge;

io::Volume written_and_read(const std::filesystem::path& folder) {
  io::PhantomOptions options;
  options.matrix = 32;
  options.slices = 4;
  const io::PhantomPatient patient = io::make_phantom(options, io::PhantomRegion::Thorax, 1, 0);
  std::filesystem::create_directories(folder);
  io::write_volume(folder / "phantom.nii.gz", patient.volume);
  io::ScanOptions scan;
  scan.path = folder;
  scan.hash_key = "a key of the consumer";
  const io::Inventory inventory = io::scan(scan);
  if (inventory.series.size() != 1 || !inventory.series.front().accepted()) throw std::runtime_error("no series found");
  const io::Volume volume = io::load_volume(inventory.series.front());
  if (volume.hu != patient.volume.hu) throw std::runtime_error("other HU were read than written");
  return volume;
}

torch::Tensor denoised(const io::Volume& volume) {
  nets::UNetConfig config;
  config.sample_size = 32;
  config.in_channels = config.out_channels = 1;
  config.block_out_channels = {16, 32};
  nets::set_attention(config, {false, true});
  config.attention_head_dim = 16;
  config.norm_num_groups = 8;
  nets::UNet net(config);
  net->eval();
  const torch::NoGradGuard no_gradients;
  const torch::Tensor slice = torch::tensor(std::vector<float>(volume.hu.begin(), volume.hu.begin() + 32 * 32));
  return net->forward(slice.view({1, 1, 32, 32}) / 1000, torch::zeros({1}));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  try {
    const torch::Tensor out = denoised(written_and_read(argv[1]));
    const bool good = out.sizes() == torch::IntArrayRef{1, 1, 32, 32} && torch::isfinite(out).all().item<bool>();
    std::cout << "consumer: " << (good ? "done" : "the network's output is wrong") << '\n';
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << "consumer: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
