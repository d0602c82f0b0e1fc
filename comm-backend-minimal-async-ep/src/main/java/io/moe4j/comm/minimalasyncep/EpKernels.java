package io.moe4j.comm.minimalasyncep;

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
final class EpKernels {
    /** Routed rows that one block counts and places. */
    static final int BLOCK_ROWS = 1024;

    private static final String CUDA_BINARY = "kernels.fatbin";

    static final String COUNT_ROWS = "count_rows";
    static final String PUBLISH_COUNTS = "publish_counts";
    static final String PLACE_SEGMENTS = "place_segments";
    static final String PLACE_ROWS = "place_rows";
    static final String DISPATCH_ROWS = "dispatch_rows";
    static final String COMBINE_F32 = "combine_f32";
    static final String COMBINE_BF16 = "combine_bf16";

    private EpKernels() {}

    static KernelSource source() {
        KernelSource java = KernelSource.cpu("minimal_async_ep", Map.of(
                COUNT_ROWS, PlanKernels::countRows,
                PUBLISH_COUNTS, PlanKernels::publishCounts,
                PLACE_SEGMENTS, PlanKernels::placeSegments,
                PLACE_ROWS, PlanKernels::placeRows,
                DISPATCH_ROWS, RowKernels::dispatchRows,
                COMBINE_F32, launch -> RowKernels.combine(launch, RowCodec.F32),
                COMBINE_BF16, launch -> RowKernels.combine(launch, RowCodec.BF16)));
        return EpKernels.class.getResource(CUDA_BINARY) == null ? java
                : java.with(DeviceKind.CUDA, EpKernels::cudaBinary);
    }

    /** What the build made of the {@code .cu} files; it is missing where the build had no nvcc. */
    private static byte[] cudaBinary() {
        try (InputStream in = EpKernels.class.getResourceAsStream(CUDA_BINARY)) {
            return Objects.requireNonNull(in, CUDA_BINARY).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + CUDA_BINARY, e);
        }
    }

    static boolean runOn(DeviceKind kind) {
        return kind.equals(DeviceKind.CPU) || source().binaries().containsKey(kind);
    }
}
