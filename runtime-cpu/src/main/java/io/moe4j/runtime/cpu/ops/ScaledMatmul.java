package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.support.ScaledOperand;
import io.moe4j.api.ops.support.ScaledSum;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.runtime.cpu.engine.Commands;

/** Products of operands with scales, one element at a time: a reference, not a fast kernel. */
final class ScaledMatmul {
    private final Commands commands;
    private final TileScratch scratch;
    private final ScaledSum sum = new ScaledSum(Addresses.ALL);

    ScaledMatmul(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    void run(Stream stream, Matmul x) {
        if (x.a().dtype() != x.b().dtype() || !x.c().dtype().isPlainFloating()) {
            throw new IllegalArgumentException("matmul of " + x.a() + " and " + x.b() + " into " + x.c()
                    + ": a and b must be of one type, and c F32 or BF16 where they have scales");
        }
        ScaledOperand storedA = ScaledOperand.of(x.a());
        ScaledOperand storedB = ScaledOperand.of(x.b());
        ScaledOperand a = x.transposeA() ? storedA.transposed() : storedA;
        ScaledOperand b = x.transposeB() ? storedB : storedB.transposed();
        Rows c = Rows.of(x.c());
        commands.submit(stream, "matmul",
                () -> Blocks.overRows(commands, c.count(), x.n() * Math.max(1, x.k()), (from, to) -> {
                    for (long row = from; row < to; row++) {
                        row(x, a, b, c, row);
                    }
                }), x.a(), x.b(), x.c(), scales(x.a()), scales(x.b()));
    }

    private void row(Matmul x, ScaledOperand a, ScaledOperand b, Rows c, long row) {
        try (TileScratch.Lease lease = scratch.take(c.columns())) {
            long wide = lease.floats(c.columns());
            long result = x.beta() == 0 ? c.place(row, wide) : c.read(row, wide);
            for (long column = 0; column < c.columns(); column++) {
                float product = x.alpha() * sum.of(a, row, b, column, 0, x.k());
                Lanes.set(result, column,
                        x.beta() == 0 ? product : product + x.beta() * Lanes.get(result, column));
            }
            c.write(row, wide);
        }
    }

    private static Tensor scales(Tensor tensor) {
        return tensor.scales().orElseThrow().values();
    }
}
