package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;
import jdk.incubator.vector.FloatVector;

final class CpuNormOps implements NormOps {
    /** Rows whose contributions to dweight are summed by one task. */
    static final long BLOCK_ROWS = 64;

    private final Commands commands;
    private final TileScratch scratch;

    CpuNormOps(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    @Override
    public void forward(Stream stream, Tensor x_TD, Tensor weight_D, float eps, Tensor y_TD, Tensor rstd_T) {
        Rows x = Rows.of(x_TD);
        Rows y = Rows.of(y_TD);
        Rows weight = Rows.flat(weight_D);
        check(x, y, y_TD);
        checkRow(x, weight_D, rstd_T);
        long rstd = rstd_T.address();
        commands.submit(stream, "rmsNorm", () -> Blocks.overRows(commands, x.count(), x.columns(), (from, to) -> {
            long n = x.columns();
            float[] lanes = new float[Lanes.COUNT];
            try (TileScratch.Lease lease = scratch.take(3 * n + 64)) {
                long w = weight.read(0, lease.floats(n));
                long in = lease.floats(n);
                long out = lease.floats(n);
                for (long t = from; t < to; t++) {
                    long row = x.read(t, in);
                    float r = (float) (1 / Math.sqrt(Flat.dot(row, row, n, lanes) / (double) n + eps));
                    Lanes.set(rstd, t, r);
                    NormRows.scale(row, w, r, y.place(t, out), n);
                    y.write(t, out);
                }
            }
        }), x_TD, weight_D, y_TD, rstd_T);
    }

    @Override
    public void backward(Stream stream, Backward a) {
        Rows x = Rows.of(a.x_TD());
        Rows dy = Rows.of(a.dy_TD());
        Rows dx = Rows.of(a.dx_TD());
        Rows weight = Rows.flat(a.weight_D());
        check(x, dy, a.dy_TD());
        check(x, dx, a.dx_TD());
        checkRow(x, a.weight_D(), a.rstd_T());
        OperandChecks.dense("dweight", a.dweight_D(), DType.F32);
        OperandChecks.elements("dweight", a.dweight_D(), x.columns());
        long blocks = Math.ceilDiv(x.count(), BLOCK_ROWS);
        long partials = Workspaces.address(a.workspace(), CpuWorkspaceSizes.rmsNormPartials(x.count(), x.columns()),
                "rmsNormBackward");
        commands.submit(stream, "rmsNormBackward", () -> {
            Blocks.overRows(commands, blocks, BLOCK_ROWS * x.columns(), (from, to) -> {
                for (long b = from; b < to; b++) {
                    backwardBlock(a, new Operands(x, dy, dx, weight), b, partials + 4 * b * x.columns());
                }
            });
            sumPartials(a, partials, blocks, x.columns());
        }, a.dy_TD(), a.x_TD(), a.weight_D(), a.rstd_T(), a.dx_TD(), a.dweight_D());
    }

    private record Operands(Rows x, Rows dy, Rows dx, Rows weight) {}

    private void backwardBlock(Backward a, Operands rows, long block, long partial) {
        long n = rows.x.columns();
        float[] lanes = new float[Lanes.COUNT];
        Flat.fill(0, partial, n);
        try (TileScratch.Lease lease = scratch.take(5 * n + 128)) {
            long w = rows.weight.read(0, lease.floats(n));
            long xRow = lease.floats(n);
            long dyRow = lease.floats(n);
            long dxRow = lease.floats(n);
            for (long t = block * BLOCK_ROWS; t < Math.min(rows.x.count(), (block + 1) * BLOCK_ROWS); t++) {
                float r = Lanes.get(a.rstd_T().address(), t);
                long x = rows.x.read(t, xRow);
                long dy = rows.dy.read(t, dyRow);
                float mean = NormRows.addProducts(dy, x, w, r, partial, n, lanes) * r * r / n;
                long dx = a.accumulateDx() ? rows.dx.read(t, dxRow) : rows.dx.place(t, dxRow);
                if (a.accumulateDx()) {
                    NormRows.addGradient(dy, x, w, r, mean, dx, n);
                } else {
                    NormRows.gradient(dy, x, w, r, mean, dx, n);
                }
                rows.dx.write(t, dxRow);
            }
        }
    }

    /** Sets dweight to the sum of the blocks' partial sums, in block order, or adds them to it. */
    private void sumPartials(Backward a, long partials, long blocks, long n) {
        long dweight = a.dweight_D().address();
        if (!a.accumulateDweight()) {
            Flat.fill(0, dweight, n);
        }
        for (long b = 0; b < blocks; b++) {
            Flat.addScaled(partials + 4 * b * n, 1, dweight, n);
        }
    }

    private static void check(Rows x, Rows other, Tensor tensor) {
        if (other.count() != x.count() || other.columns() != x.columns()) {
            throw new IllegalArgumentException("RMSNorm of (" + x.count() + ", " + x.columns() + ") with " + tensor
                    + ": shapes must be equal");
        }
    }

    private static void checkRow(Rows x, Tensor weight, Tensor rstd) {
        OperandChecks.elements("weight", weight, x.columns());
        OperandChecks.elements("rstd", rstd, x.count());
        OperandChecks.dense("rstd", rstd, DType.F32);
    }

    /** Loops over one row of n elements at raw addresses. */
    private static final class NormRows {

        static void scale(long x, long w, float r, long y, long n) {
            long i = 0;
            for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
                Lanes.store(Lanes.load(x, i).mul(r).mul(Lanes.load(w, i)), y, i);
            }
            if (i < n) {
                var tail = Lanes.first(n - i);
                Lanes.store(Lanes.load(x, i, tail).mul(r).mul(Lanes.load(w, i, tail)), y, i, tail);
            }
        }

        /** dweight += dy · x · r; returns Σ dy · w · x. */
        static float addProducts(long dy, long x, long w, float r, long dweight, long n, float[] lanes) {
            FloatVector sum = FloatVector.zero(Lanes.F);
            long i = 0;
            for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
                FloatVector product = Lanes.load(dy, i).mul(Lanes.load(x, i));
                Lanes.store(product.fma(Lanes.all(r), Lanes.load(dweight, i)), dweight, i);
                sum = product.fma(Lanes.load(w, i), sum);
            }
            if (i < n) {
                var tail = Lanes.first(n - i);
                FloatVector product = Lanes.load(dy, i, tail).mul(Lanes.load(x, i, tail));
                Lanes.store(product.fma(Lanes.all(r), Lanes.load(dweight, i, tail)), dweight, i, tail);
                sum = product.fma(Lanes.load(w, i, tail), sum);
            }
            return Lanes.sum(sum, lanes);
        }

        /** dx = r · (dy · w − x · mean). */
        static void gradient(long dy, long x, long w, float r, float mean, long dx, long n) {
            long i = 0;
            for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
                FloatVector xMean = Lanes.load(x, i).mul(mean);
                Lanes.store(Lanes.load(dy, i).mul(Lanes.load(w, i)).sub(xMean).mul(r), dx, i);
            }
            if (i < n) {
                var tail = Lanes.first(n - i);
                FloatVector xMean = Lanes.load(x, i, tail).mul(mean);
                Lanes.store(Lanes.load(dy, i, tail).mul(Lanes.load(w, i, tail)).sub(xMean).mul(r), dx, i, tail);
            }
        }

        static void addGradient(long dy, long x, long w, float r, float mean, long dx, long n) {
            for (long i = 0; i < n; i += Lanes.COUNT) {
                var tail = Lanes.first(Math.min(Lanes.COUNT, n - i));
                FloatVector xMean = Lanes.load(x, i, tail).mul(mean);
                FloatVector gradient = Lanes.load(dy, i, tail).mul(Lanes.load(w, i, tail)).sub(xMean).mul(r);
                Lanes.store(Lanes.load(dx, i, tail).add(gradient), dx, i, tail);
            }
        }
    }
}
