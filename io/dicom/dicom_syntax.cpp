// The table of transfer syntaxes.
#include "io/dicom/dicom_syntax.h"

#include <array>

namespace ctforge::io {

namespace {

using enum PixelEncoding;

constexpr std::array kSyntaxes = {
    TransferSyntax{"1.2.840.10008.1.2", "implicit VR little endian", LittleEndian},
    TransferSyntax{"1.2.840.10008.1.2.1", "explicit VR little endian", LittleEndian},
    TransferSyntax{"1.2.840.10008.1.2.1.98", "encapsulated uncompressed explicit VR little endian", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.1.99", "deflated explicit VR little endian", Deflated},
    TransferSyntax{"1.2.840.10008.1.2.2", "explicit VR big endian", BigEndian},
    TransferSyntax{"1.2.840.10008.1.2.4.50", "JPEG baseline", Jpeg, true},
    TransferSyntax{"1.2.840.10008.1.2.4.51", "JPEG extended", Jpeg, true},
    TransferSyntax{"1.2.840.10008.1.2.4.52", "JPEG extended, process 3 and 5, retired", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.53", "JPEG spectral selection, process 6 and 8, retired", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.54", "JPEG spectral selection, process 7 and 9, retired", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.55", "JPEG full progression, process 10 and 12, retired", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.56", "JPEG full progression, process 11 and 13, retired", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.57", "JPEG lossless", Jpeg},
    TransferSyntax{"1.2.840.10008.1.2.4.58", "JPEG lossless, process 15, retired", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.70", "JPEG lossless, first-order prediction", Jpeg},
    TransferSyntax{"1.2.840.10008.1.2.4.80", "JPEG-LS lossless", JpegLs},
    TransferSyntax{"1.2.840.10008.1.2.4.81", "JPEG-LS near-lossless", JpegLs, true},
    TransferSyntax{"1.2.840.10008.1.2.4.90", "JPEG 2000 lossless", Jpeg2000},
    TransferSyntax{"1.2.840.10008.1.2.4.91", "JPEG 2000", Jpeg2000, true},
    TransferSyntax{"1.2.840.10008.1.2.4.92", "JPEG 2000 part 2 lossless", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.93", "JPEG 2000 part 2", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.94", "JPIP referenced", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.95", "JPIP referenced deflate", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.100", "MPEG2 main profile", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.110", "JPEG XL lossless", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.111", "JPEG XL recompression", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.112", "JPEG XL", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.201", "high-throughput JPEG 2000 lossless", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.202", "high-throughput JPEG 2000 lossless RPCL", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.4.203", "high-throughput JPEG 2000", Unsupported},
    TransferSyntax{"1.2.840.10008.1.2.5", "RLE lossless", Rle},
};
constexpr TransferSyntax kUnknown = {"", "unknown", Unsupported};

}  // namespace

const TransferSyntax& find_transfer_syntax(std::string_view uid) {
  for (const TransferSyntax& syntax : kSyntaxes)
    if (syntax.uid == uid) return syntax;
  return kUnknown;
}

bool is_native(PixelEncoding encoding) { return encoding == LittleEndian || encoding == BigEndian; }

bool is_encapsulated(PixelEncoding encoding) {
  return encoding == Rle || encoding == Jpeg || encoding == JpegLs || encoding == Jpeg2000;
}

std::string describe_transfer_syntax(std::string_view uid) {
  const TransferSyntax& syntax = find_transfer_syntax(uid);
  if (syntax.uid.empty()) return "of an unknown, private or invalid UID";
  return std::string(uid) + " (" + std::string(syntax.name) + ")";
}

}  // namespace ctforge::io
