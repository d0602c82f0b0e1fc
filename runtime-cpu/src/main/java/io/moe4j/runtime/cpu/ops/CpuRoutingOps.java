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
