package io.moe4j.layers.decoder;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Looks for values that are not finite, on the host. */
final class FiniteCheck {
    private static final String WORKSPACE = "workspace";

    private FiniteCheck() {}

    /**
     * Waits for the device. A contiguous F32 or BF16 matrix is finite if the sum of its squares is. Where that is not, because some are not finite or large
     * squares add up to infinity, every element is looked at, row by row.
     */
    static boolean isFinite(RankContext rank, Tensor x_TD) {
        try (Scope scope = rank.memory().open(); Arena arena = Arena.ofConfined()) {
            return Float.isFinite(sumOfSquares(rank, x_TD, arena)) || areRowsFinite(rank, x_TD, arena);
        }
    }

    private static float sumOfSquares(RankContext rank, Tensor x_TD, Arena arena) {
        Tensor sum = rank.memory().allocate(WORKSPACE, DType.F32, 1);
        long bytes = rank.device().workspaceSizes().sumOfSquares(x_TD.elements());
        Optional<Tensor> partial = bytes == 0 ? Optional.empty()
                : Optional.of(rank.memory().allocate(WORKSPACE, DType.I32, (bytes + 3) / 4));
        rank.stream().fill(sum, 0);
        rank.device().ops().optimizer().sumOfSquares(rank.stream(), x_TD, sum, partial);
        MemorySegment host = arena.allocate(sum.bytes(), 16);
        rank.stream().download(sum, host);
        return host.getAtIndex(ValueLayout.JAVA_FLOAT, 0);
    }

    private static boolean areRowsFinite(RankContext rank, Tensor x_TD, Arena arena) {
        Tensor row = rank.memory().allocate(WORKSPACE, DType.F32, 1, x_TD.dim(1));
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
