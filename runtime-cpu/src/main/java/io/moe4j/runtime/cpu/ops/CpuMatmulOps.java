package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;
import java.util.List;

/** Matrix products. The result is divided into panels, which depend on the shape only; one core computes each panel. */
final class CpuMatmulOps implements MatmulOps {
    /** A core takes at least this many multiply-adds: less work is not worth handing over. */
    private static final long SMALL = 1 << 16;
    /** The most elements of partial sums that wait to be added, over all products of a loop: 16 MiB. */
    private static final long MOST_SUMS = 1 << 22;

    private final Commands commands;
    private final TileScratch scratch;
    /** Memory for partial sums. */
    private final TileScratch partial = new TileScratch();

    CpuMatmulOps(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    @Override
    public void matmul(Stream stream, Matmul arguments) {
        if (arguments.a().dtype().isScaled()) {
            new ScaledMatmul(commands, scratch).run(stream, arguments);
            return;
        }
        Product p = checked(arguments);
        if (OneRow.is(arguments)) {
            commands.submit(stream, "matmul", () -> commands.pool().parallelFor(Math.ceilDiv(p.n(), OneRow.COLUMNS),
                    Math.max(1, SMALL / (OneRow.COLUMNS * p.k())), (from, to) -> oneRow(p, from, to)), arguments.a(),
                    arguments.b(), arguments.c());
            return;
        }
        inPanels(stream, List.of(p));
    }

    /** Computes the products in one loop over the panels of all of them, so that cores wait for each other only once. Panels are as for single products. */
    @Override
    public void matmulEach(Stream stream, List<Matmul> products) {
        if (products.stream().anyMatch(each -> each.a().dtype().isScaled() || OneRow.is(each))) {
            products.forEach(product -> matmul(stream, product));
        } else if (!products.isEmpty()) {
            inPanels(stream, products.stream().map(CpuMatmulOps::checked).toList());
        }
    }

    private static Product checked(Matmul arguments) {
        Product p = Product.of(arguments);
        if (arguments.a().dtype() != arguments.b().dtype()
                || (arguments.c().dtype() != arguments.a().dtype() && p.c().narrow())) {
            throw new IllegalArgumentException("matmul of " + arguments.a() + " and " + arguments.b() + " into "
                    + arguments.c() + ": a and b must be of one type, and c of theirs or F32");
        }
        return p;
    }

    private void inPanels(Stream stream, List<Product> products) {
        List<Panels> panels = products.stream().map(p -> Panels.of(p.m(), p.n(), p.k(), !p.isNarrow())).toList();
        PanelLoop loop = new PanelLoop(panels);
        if (products.size() > 1 && loop.sums() > MOST_SUMS) {
            products.forEach(product -> inPanels(stream, List.of(product)));
            return;
        }
        commands.submit(stream, "matmul", () -> {
            if (loop.sums() == 0) {
                compute(products, loop, 0);
                return;
            }
            try (TileScratch.Lease lease = partial.take(loop.sums())) {
                compute(products, loop, lease.floats(loop.sums()));
            }
        }, products.stream().map(Product::arguments).flatMap(x -> List.of(x.a(), x.b(), x.c()).stream())
                .toArray(Tensor[]::new));
    }

    /** @param sums address of the partial sums */
    private void compute(List<Product> products, PanelLoop loop, long sums) {
        commands.pool().parallelFor(loop.count(), 1, (from, to) -> {
            for (long i = from; i < to; i++) {
                int at = loop.product(i);
                run(products.get(at), loop.panel(at, i), loop.sums(at, sums, products.get(at).c()));
            }
        });
        for (int at = 0; at < products.size(); at++) {
            Panels panels = loop.panels().get(at);
            if (panels.parts() > 1) {
                PartialSums parts = loop.sums(at, sums, products.get(at).c());
                Blocks.overRows(commands, panels.m(), panels.parts() * panels.n(), parts::add);
            }
        }
    }

    private record Product(Matmul arguments, Rows a, Rows b, Rows c, long m, long n, long k) {
        static Product of(Matmul x) {
            return new Product(x, Rows.of(x.a()), Rows.of(x.b()), Rows.of(x.c()), x.m(), x.n(), x.k());
        }

        boolean isNarrow() {
            return a.narrow() || c.narrow();
        }
    }

    private void oneRow(Product p, long from, long to) {
        long first = from * OneRow.COLUMNS;
        long end = Math.min(p.n(), to * OneRow.COLUMNS);
        try (TileScratch.Lease lease = scratch.take(p.k() + end - first + 2L * Lanes.COUNT)) {
            long a = p.a().read(0, lease.floats(p.k()));
            long results = lease.floats(end - first);
            long out = p.c().placePart(0, first, results);
            new OneRow(a, p.b(), p.arguments()).run(first, end, out, new float[Lanes.COUNT]);
            p.c().writePart(0, first, end - first, results);
        }
    }

    private void run(Product p, Panels.Panel panel, PartialSums sums) {
        if (p.isNarrow()) {
            new NarrowPanel(commands.blas(), scratch).run(p.arguments, panel);
            return;
        }
        Matmul x = p.arguments;
        long c = sums.addressOf(panel.part(), panel.row(), panel.column());
        if (p.k == 0) {
            scale(c, panel, p.c.stride(), x.beta());
            return;
        }
        long a = x.transposeA() ? p.a.addressOf(panel.inner(), panel.row()) : p.a.addressOf(panel.row(), panel.inner());
        long b = x.transposeB() ? p.b.addressOf(panel.column(), panel.inner())
                : p.b.addressOf(panel.inner(), panel.column());
        commands.blas().sgemm(new Sgemm(x.transposeA(), x.transposeB(), panel.rows(), panel.columns(), panel.depth(),
                x.alpha(), a, lead(p.a), b, lead(p.b), panel.part() == 0 ? x.beta() : 0, c, sums.lead(panel.part())));
    }

    /** The leading dimension. BLAS requires at least the length of a row, even if there is only one row. */
    static int lead(Rows rows) {
        return Math.toIntExact(rows.count() == 1 ? Math.max(1, rows.columns()) : rows.stride());
    }

    private static void scale(long c, Panels.Panel panel, long stride, float beta) {
        for (long r = 0; r < panel.rows(); r++) {
            if (beta == 0) {
                Flat.fill(0, c + 4 * r * stride, panel.columns());
            } else {
                Flat.scale(c + 4 * r * stride, beta, panel.columns());
            }
        }
    }
}
