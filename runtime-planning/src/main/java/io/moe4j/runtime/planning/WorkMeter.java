package io.moe4j.runtime.planning;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;

/**
 * Counts what work would cost on the device that a plan is for. The unit is the time in which that device moves one byte to or from its memory. A kernel
 * costs what takes longer: its bytes, or its operations. For example, an H200 moves 4 TB/s and computes 600 TFLOP/s in bf16, which is 150 operations in
 * the time of a byte. So the product of a (16384, 2048) and a (2048, 3072) matrix in bf16, with 206 GFLOP and 180 MB, costs 1.37e9 bytes. Costs are for
 * comparing operations of one device with each other. Safe for use by many threads.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class WorkMeter {
    /** Dense bf16 products on tensor cores: 600 TFLOP/s beside 4 TB/s. */
    private static final double GPU_HALF = 150;
    /** Dense products in 8 bits: 1000 TFLOP/s beside 4 TB/s. */
    private static final double GPU_EIGHT_BITS = 250;
    /** Products in single precision: 50 TFLOP/s beside 4 TB/s. */
    private static final double GPU_SINGLE = 12;
    /** 100 GFLOP/s beside 10 GB/s. */
    private static final double CPU = 10;
    /** Of a GPU: 4 TB/s to and from memory, 0.4 TB/s from other GPUs of the host (NVLink). */
    private static final double LINK_BYTE = 10;

    private final DeviceKind target;
    private double bytes;

    WorkMeter(DeviceKind target) {
        this.target = target;
    }

    /**
     * Adds a kernel.
     *
     * @param operands type of what is multiplied
     * @param flops its operations; a multiply-add is two
     * @param moved bytes that it reads and writes
     */
    public synchronized void add(DType operands, double flops, double moved) {
        // Whole numbers, whose sums are exact: equal blocks have equal costs.
        bytes += Math.rint(Math.max(moved, flops / flopsPerByte(operands)));
    }

    /** Adds a kernel that computes little: it costs its bytes. */
    void move(Tensor... tensors) {
        add(DType.F32, 0, bytes(tensors));
    }

    /** Adds bytes that come from other ranks. On a CPU these are copies. */
    void receive(double count) {
        add(DType.F32, 0, target.equals(DeviceKind.CUDA) ? LINK_BYTE * count : 2 * count);
    }

    static double bytes(Tensor... tensors) {
        return Arrays.stream(tensors).mapToDouble(Tensor::bytes).sum();
    }

    /** What all work so far costs. */
    public synchronized double total() {
        return bytes;
    }

    private double flopsPerByte(DType operands) {
        if (!target.equals(DeviceKind.CUDA)) {
            return CPU;
        }
        return switch (operands) {
            case F32 -> GPU_SINGLE;
            case F8_E4M3 -> GPU_EIGHT_BITS;
            case BF16, I32, I64 -> GPU_HALF;
        };
    }
}
