package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;

final class CpuRoutingOps implements RoutingOps {
    private final Commands commands;

    CpuRoutingOps(Commands commands) {
        this.commands = commands;
    }

    @Override
    public void scores(Stream stream, Gate gate, Tensor logits_TE, Tensor scores_TE) {
        Rows logits = wide(logits_TE);
        Rows scores = wide(scores_TE);
        OperandChecks.shape("scores", scores_TE, logits.count(), logits.columns());
        long n = logits.columns();
        commands.submit(stream, "gateScores", () -> Blocks.overRows(commands, logits.count(), n, (from, to) -> {
            float[] lanes = new float[Lanes.COUNT];
            for (long t = from; t < to; t++) {
                long in = logits.addressOf(t, 0);
                long out = scores.addressOf(t, 0);
                if (gate.score() == Score.SOFTMAX) {
                    float sum = SoftmaxRows.exponentials(in, out, n, 1, SoftmaxRows.max(in, n), lanes);
                    for (long e = 0; e < n; e++) {
                        Lanes.set(out, e, Lanes.get(out, e) / sum);
                    }
                } else {
                    for (long e = 0; e < n; e++) {
                        Lanes.set(out, e, (float) (1 / (1 + Math.exp(-(double) Lanes.get(in, e)))));
                    }
                }
            }
        }), logits_TE, scores_TE);
    }

    @Override
    public void select(Stream stream, Gate gate, Tensor scores_TE, Tensor bias_E, Tensor ids_TK) {
        Rows scores = wide(scores_TE);
        Rows bias = wide(bias_E);
        checkIds(gate, ids_TK, scores.count(), (int) scores.columns());
        OperandChecks.elements("bias", bias_E, scores.columns());
        long ids = ids_TK.address();
        int experts = (int) scores.columns();
        commands.submit(stream, "gateSelect", () -> Blocks.overRows(commands, scores.count(), experts, (from, to) -> {
            TopExperts top = new TopExperts(gate, experts);
            for (long t = from; t < to; t++) {
                top.select(scores.addressOf(t, 0), bias.address(), ids + 4 * t * gate.topK());
            }
        }), scores_TE, bias_E, ids_TK);
    }

    @Override
    public void selectRoundRobin(Stream stream, Gate gate, int experts, Tensor ids_TK) {
        checkIds(gate, ids_TK, ids_TK.dim(0), experts);
        long ids = ids_TK.address();
        long count = ids_TK.elements();
        commands.submit(stream, "gateSelectRoundRobin", () -> {
            for (long n = 0; n < count; n++) {
                Lanes.setInt(ids, n, (int) (n % experts));
            }
        }, ids_TK);
    }

    @Override
    public void weights(Stream stream, Gate gate, Tensor scores_TE, Tensor ids_TK, Tensor weights_TK) {
        Rows scores = wide(scores_TE);
        checkIds(gate, ids_TK, scores.count(), (int) scores.columns());
        OperandChecks.dense("weights", weights_TK, DType.F32);
        OperandChecks.shape("weights", weights_TK, scores.count(), gate.topK());
        GateRows rows = new GateRows(gate, scores, ids_TK.address());
        long weights = weights_TK.address();
        commands.submit(stream, "gateWeights", () -> {
            rows.checkIds();
            Blocks.overRows(commands, scores.count(), gate.topK(), (from, to) -> {
                for (long t = from; t < to; t++) {
                    rows.weights(t, weights);
                }
            });
        }, scores_TE, ids_TK, weights_TK);
    }

    @Override
    public void backward(Stream stream, Gate gate, Tensor scores_TE, Tensor ids_TK, Tensor dweights_TK,
            Tensor dlogits_TE) {
        Rows scores = wide(scores_TE);
        Rows dlogits = wide(dlogits_TE);
        checkIds(gate, ids_TK, scores.count(), (int) scores.columns());
        OperandChecks.dense("dweights", dweights_TK, DType.F32);
        OperandChecks.shape("dweights", dweights_TK, scores.count(), gate.topK());
        OperandChecks.shape("dlogits", dlogits_TE, scores.count(), scores.columns());
        GateRows rows = new GateRows(gate, scores, ids_TK.address());
        long dweights = dweights_TK.address();
        commands.submit(stream, "gateBackward", () -> {
            rows.checkIds();
            Blocks.overRows(commands, scores.count(), scores.columns(), (from, to) -> {
                for (long t = from; t < to; t++) {
                    rows.backward(t, dweights, dlogits.addressOf(t, 0));
                }
            });
        }, scores_TE, ids_TK, dweights_TK, dlogits_TE);
    }

    @Override
    public void updateBias(Stream stream, Tensor counts_E, Tensor bias_E, float coefficient) {
        OperandChecks.dense("counts", counts_E, DType.I32);
        OperandChecks.dense("bias", bias_E, DType.F32);
        OperandChecks.elements("bias", bias_E, counts_E.elements());
        long counts = counts_E.address();
        long bias = bias_E.address();
        long experts = counts_E.elements();
        commands.submit(stream, "updateBias", () -> {
            long total = 0;
            for (long e = 0; e < experts; e++) {
                total += Lanes.getInt(counts, e);
            }
            // The sign of mean − count, computed in integers so that no mean is rounded.
            long signs = 0;
            for (long e = 0; e < experts; e++) {
                signs += Long.signum(total - experts * Lanes.getInt(counts, e));
            }
            double mean = (double) signs / experts;
            for (long e = 0; e < experts; e++) {
                int sign = Long.signum(total - experts * Lanes.getInt(counts, e));
                Lanes.set(bias, e, (float) (Lanes.get(bias, e) + coefficient * (sign - mean)));
            }
        }, counts_E, bias_E);
    }

    @Override
    public void addCounts(Stream stream, Tensor counts_E, Tensor totals_E) {
        OperandChecks.dense("counts", counts_E, DType.I32);
        OperandChecks.dense("totals", totals_E, DType.I32);
        OperandChecks.elements("totals", totals_E, counts_E.elements());
        long counts = counts_E.address();
        long totals = totals_E.address();
        long experts = counts_E.elements();
        commands.submit(stream, "addCounts", () -> {
            for (long e = 0; e < experts; e++) {
                Lanes.setInt(totals, e, Lanes.getInt(totals, e) + Lanes.getInt(counts, e));
            }
        }, counts_E, totals_E);
    }

    @Override
    public void countBySequence(Stream stream, Tensor ids_TK, Tensor counts_BE) {
        OperandChecks.dense("ids", ids_TK, DType.I32);
        OperandChecks.dense("counts", counts_BE, DType.I32);
        long ids = ids_TK.address();
        long counts = counts_BE.address();
        long experts = counts_BE.dim(1);
        long each = ids_TK.elements() / Math.max(1, counts_BE.dim(0));
        commands.submit(stream, "countBySequence", () -> {
            OperandChecks.ids("expert ids", ids, ids_TK.elements(), experts);
            for (long i = 0; i < counts_BE.elements(); i++) {
                Lanes.setInt(counts, i, 0);
            }
            for (long n = 0; n < ids_TK.elements(); n++) {
                long at = n / each * experts + Lanes.getInt(ids, n);
                Lanes.setInt(counts, at, Lanes.getInt(counts, at) + 1);
            }
        }, ids_TK, counts_BE);
    }

    @Override
    public void losses(Stream stream, Losses losses, Tensor logits_TE, Tensor counts_BE, Tensor terms_2T,
            Tensor sums_2) {
        RouterLosses rows = routerLosses(losses, logits_TE, counts_BE);
        OperandChecks.dense("sums", sums_2, DType.F32);
        OperandChecks.elements("sums", sums_2, 2);
        OperandChecks.dense("terms", terms_2T, DType.F32);
        long tokens = logits_TE.dim(0);
        OperandChecks.elements("terms", terms_2T, 2 * tokens);
        long terms = terms_2T.address();
        long sums = sums_2.address();
        commands.submit(stream, "routerLosses", () -> {
            Blocks.overRows(commands, tokens, logits_TE.dim(1), (from, to) -> {
                for (long t = from; t < to; t++) {
                    Lanes.set(terms, t, (float) rows.balance(t));
                    Lanes.set(terms, tokens + t, (float) rows.z(t));
                }
            });
            for (int which = 0; which < 2; which++) {
                double sum = Lanes.get(sums, which);
                for (long t = 0; t < tokens; t++) {
                    sum += Lanes.get(terms, which * tokens + t);
                }
                Lanes.set(sums, which, (float) sum);
            }
        }, logits_TE, counts_BE, terms_2T, sums_2);
    }

    @Override
    public void lossesBackward(Stream stream, Losses losses, Tensor logits_TE, Tensor counts_BE, float balance,
            float z, Tensor dlogits_TE) {
        RouterLosses rows = routerLosses(losses, logits_TE, counts_BE);
        Rows dlogits = wide(dlogits_TE);
        OperandChecks.shape("dlogits", dlogits_TE, logits_TE.dim(0), logits_TE.dim(1));
        commands.submit(stream, "routerLossesBackward",
                () -> Blocks.overRows(commands, logits_TE.dim(0), logits_TE.dim(1), (from, to) -> {
                    for (long t = from; t < to; t++) {
                        rows.backward(t, balance, z, dlogits.addressOf(t, 0));
                    }
                }), logits_TE, counts_BE, dlogits_TE);
    }

    private static RouterLosses routerLosses(Losses losses, Tensor logits_TE, Tensor counts_BE) {
        OperandChecks.dense("counts", counts_BE, DType.I32);
        OperandChecks.shape("counts", counts_BE, logits_TE.dim(0) / losses.sequence(), logits_TE.dim(1));
        return new RouterLosses(losses, wide(logits_TE), counts_BE.address());
    }

    private static Rows wide(Tensor tensor) {
        if (tensor.dtype() != DType.F32) {
            throw new IllegalArgumentException(tensor + ": the gate computes in F32");
        }
        return Rows.of(tensor);
    }

    private static void checkIds(Gate gate, Tensor ids, long tokens, int experts) {
        OperandChecks.dense("ids", ids, DType.I32);
        OperandChecks.shape("ids", ids, tokens, gate.topK());
        boolean grouped = gate.groups() >= 1 && experts % gate.groups() == 0 && gate.keptGroups() >= 1
                && gate.keptGroups() <= gate.groups();
        if (!grouped || gate.topK() < 1 || gate.topK() > experts / gate.groups() * gate.keptGroups()) {
            throw new IllegalArgumentException(gate + " over " + experts + " experts: groups must divide the experts, "
                    + "1 <= keptGroups <= groups, and the kept groups must have at least topK experts");
        }
    }
}
