package example.gatherall;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelSource;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/**
 * Kernels for the CPU. A CUDA twin has the same names and arguments, lies in the jar as a fatbin, and is added with
 * {@code source.with(DeviceKind.CUDA, bytes)}.
 */
final class GatherAllKernels {
    static final String PLACE = "place";
    static final String PICK = "pick";
    static final String SPREAD = "spread";
    static final String SUM = "sum";

    private GatherAllKernels() {}

    static KernelSource source() {
        return KernelSource.cpu("gather_all", Map.of(PLACE, GatherAllKernels::place, PICK, GatherAllKernels::pick,
                SPREAD, GatherAllKernels::spread, SUM, GatherAllKernels::sum));
    }

    /** I32 ids; I64 rows; I32 E; I32 first local expert; I32 e; I32 places (out); I32 offsets_e (out); I32 tokens_E (out). */
    private static void place(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long rows = launch.int64(1);
        int first = launch.int32(3);
        int[] tokens = new int[launch.int32(2)];
        for (long n = 0; n < rows; n++) {
            int expert = memory.get(JAVA_INT_UNALIGNED, launch.pointer(0) + 4 * n);
            if (expert < 0 || expert >= tokens.length) {
                throw new DeviceException("a token asks for expert " + expert + " of " + tokens.length
                        + "; ids are 0 to E - 1, so look at what the router wrote");
            }
            tokens[expert]++;
        }
        MemorySegment.copy(tokens, 0, memory, JAVA_INT_UNALIGNED, launch.pointer(7), tokens.length);
        int[] next = new int[launch.int32(4)];
        int end = 0;
        for (int j = 0; j < next.length; j++) {
            next[j] = end;
            end += tokens[first + j];
            memory.set(JAVA_INT_UNALIGNED, launch.pointer(6) + 4L * j, end);
        }
        // By expert, then by source rank, then by routed row: the order that every backend keeps.
        for (long n = 0; n < rows; n++) {
            int expert = memory.get(JAVA_INT_UNALIGNED, launch.pointer(0) + 4 * n) - first;
            boolean local = expert >= 0 && expert < next.length;
            memory.set(JAVA_INT_UNALIGNED, launch.pointer(5) + 4 * n, local ? next[expert]++ : -1);
        }
    }

    /** F32 source; I32 places; I64 rows; I32 sharers; I64 D; F32 received (out); I64 grain. */
    private static void pick(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long rowBytes = 4 * launch.int64(4);
        launch.parallelFor(launch.int64(2), launch.int64(6), (from, to) -> {
            for (long n = from; n < to; n++) {
                long place = memory.get(JAVA_INT_UNALIGNED, launch.pointer(1) + 4 * n);
                if (place >= 0) {
                    MemorySegment.copy(memory, launch.pointer(0) + n / launch.int32(3) * rowBytes, memory,
                            launch.pointer(5) + place * rowBytes, rowBytes);
                }
            }
        });
    }

    /** F32 computed; I32 places; I64 rows; I64 D; F32 all (out): zero where another rank computes; I64 grain. */
    private static void spread(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long rowBytes = 4 * launch.int64(3);
        launch.parallelFor(launch.int64(2), launch.int64(5), (from, to) -> {
            for (long n = from; n < to; n++) {
                long place = memory.get(JAVA_INT_UNALIGNED, launch.pointer(1) + 4 * n);
                long target = launch.pointer(4) + n * rowBytes;
                if (place >= 0) {
                    MemorySegment.copy(memory, launch.pointer(0) + place * rowBytes, memory, target, rowBytes);
                } else {
                    memory.asSlice(target, rowBytes).fill((byte) 0);
                }
            }
        });
    }

    /** F32 rows_ND; I64 T; I32 K; I64 D; F32 out_TD: in slot order. */
    private static void sum(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long slots = launch.int32(2);
        long dim = launch.int64(3);
        launch.parallelFor(launch.int64(1), 1, (from, to) -> {
            for (long i = from * dim; i < to * dim; i++) {
                float sum = 0;
                for (long k = 0; k < slots; k++) {
                    long row = i / dim * slots + k;
                    sum += memory.get(JAVA_FLOAT_UNALIGNED, launch.pointer(0) + 4 * (row * dim + i % dim));
                }
                memory.set(JAVA_FLOAT_UNALIGNED, launch.pointer(4) + 4 * i, sum);
            }
        });
    }
}
