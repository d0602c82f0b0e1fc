package io.moe4j.comm.standard;

import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;

/**
 * The kernels by name. A kernel has the same name, arguments and grid on every kind of device; a grid counts what one block of threads does, and a
 * Java kernel divides the same work among the cores.
 */
final class StandardKernels {
    /** Routed rows that one block counts and places. */
    static final int BLOCK_ROWS = 1024;

    private static final String CUDA_BINARY = "kernels.fatbin";

    static final String COUNT_ROWS = "count_rows";
    static final String SUM_COUNTS = "sum_counts";
    static final String PLACE_ROWS = "place_rows";
    static final String PACK_ROWS = "pack_rows";
    static final String REGROUP_ROWS = "regroup_rows";
    static final String UNPACK_SCALARS = "unpack_scalars";
    static final String SUM_ROWS_F32 = "sum_rows_f32";
    static final String SUM_ROWS_BF16 = "sum_rows_bf16";

    private StandardKernels() {}

    static KernelSource source() {
        KernelSource java = KernelSource.cpu("standard", Map.of(
                COUNT_ROWS, PlanKernels::countRows,
                SUM_COUNTS, PlanKernels::sumCounts,
                PLACE_ROWS, PlanKernels::placeRows,
                PACK_ROWS, RowKernels::packRows,
                REGROUP_ROWS, RowKernels::regroupRows,
                UNPACK_SCALARS, RowKernels::unpackScalars,
                SUM_ROWS_F32, launch -> RowKernels.sumRows(launch, RowCodec.F32),
                SUM_ROWS_BF16, launch -> RowKernels.sumRows(launch, RowCodec.BF16)));
        return StandardKernels.class.getResource(CUDA_BINARY) == null ? java
                : java.with(DeviceKind.CUDA, StandardKernels::cudaBinary);
    }

    /** What the build made of the {@code .cu} files; it is missing where the build had no nvcc. */
    private static byte[] cudaBinary() {
        try (InputStream in = StandardKernels.class.getResourceAsStream(CUDA_BINARY)) {
            return Objects.requireNonNull(in, CUDA_BINARY).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + CUDA_BINARY, e);
        }
    }

    static boolean runOn(DeviceKind kind) {
        return kind.equals(DeviceKind.CPU) || source().binaries().containsKey(kind);
    }
}
