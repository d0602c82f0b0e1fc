package io.moe4j.layers.decoder;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Looks for values that are not finite, on the host. */
final class FiniteCheck {

    private FiniteCheck() {}

    /** Waits for the device, and looks at every element of a contiguous F32 or BF16 matrix, row by row. */
    static boolean isFinite(RankContext rank, Tensor x_TD) {
        try (Scope scope = rank.memory().open(); Arena arena = Arena.ofConfined()) {
            Tensor row = rank.memory().allocate("workspace", DType.F32, 1, x_TD.dim(1));
            MemorySegment host = arena.allocate(row.bytes(), 16);
            for (long t = 0; t < x_TD.dim(0); t++) {
                rank.device().ops().elementwise().copy(rank.stream(), x_TD.slice(0, t, t + 1), row);
                rank.stream().download(row, host);
                for (long i = 0; i < x_TD.dim(1); i++) {
                    if (!Float.isFinite(host.getAtIndex(ValueLayout.JAVA_FLOAT, i))) {
                        return false;
                    }
                }
            }
            return true;
        }
    }
}
