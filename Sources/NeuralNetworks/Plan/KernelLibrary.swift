import COneDNN

/// The kernel library in use and what this CPU gives it.
public enum KernelLibrary {
  /// oneDNN's version, such as "2.6.3".
  public static var version: String {
    let number = nn_library_version()
    return "\(number / 10000).\(number / 100 % 100).\(number % 100)"
  }

  /// The instruction set its kernels use, such as "avx512_core_amx"; `ONEDNN_MAX_CPU_ISA` lowers it.
  public static var instructionSet: String { String(cString: nn_instruction_set()) }

  /// Whether the CPU multiplies tiles (AMX), so that `Plan.Precision.bf16x3` and `bf16x2` are not f32.
  public static var hasTiles: Bool { nn_has_tiles() }

  /// Whether this module was compiled for CPUs with fused products (AVX2 and up), without which its own convolutions in
  /// f32 are slower than oneDNN's.
  public static var hasFusedProducts: Bool { nn_has_fused_products() }

  /// Whether bf16 is multiplied in hardware, so that `Plan.Precision.bf16` is not f32.
  public static var hasBFloat16: Bool { nn_has_bfloat16() }
}
