package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;
import java.util.ArrayList;
import java.util.List;

final class CpuAttentionOps implements AttentionOps {
    private final Commands commands;
    private final TileScratch scratch;

    CpuAttentionOps(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    @Override
    public void forward(Stream stream, Forward a) {
        check(a);
        AttentionForward work = new AttentionForward(a, commands.blas(), scratch);
        commands.submit(stream, "attention",
                () -> {
                    AttentionBlocks blocks = AttentionBlocks.of(a);
                    commands.pool().parallelFor(blocks.tasks(), 1, (from, to) -> work.run(blocks, from, to));
                }, with(a, a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), a.o_BSHV(), a.lse_BHS()));
    }

    @Override
    public void backward(Stream stream, Backward a) {
        Forward f = a.forward();
        AttentionShape s = f.shape();
        check(f);
        check("do", a.do_BSHV(), s, s.heads(), s.valueDim());
        check("dq", a.dq_BSHQ(), s, s.heads(), s.queryKeyDim());
        check("dk", a.dk_BSHQ(), s, s.keyHeads(), s.queryKeyDim());
        check("dv", a.dv_BSHV(), s, s.keyHeads(), s.valueDim());
        AttentionBackward work = new AttentionBackward(a, commands.blas(), scratch);
        commands.submit(stream, "attentionBackward",
                () -> {
                    AttentionBlocks blocks = AttentionBlocks.of(f);
                    commands.pool().parallelFor(s.batch() * s.keyHeads(), 1, (from, to) -> work.run(blocks, from, to));
                }, with(f, f.q_BSHQ(), f.k_BSHQ(), f.v_BSHV(), f.o_BSHV(), f.lse_BHS(), a.do_BSHV(),
                        a.dq_BSHQ(), a.dk_BSHQ(), a.dv_BSHV()));
    }

    @Override
    public void decode(Stream stream, Decode a) {
        AttentionDecode work = new AttentionDecode(a, commands.blas(), scratch);
        commands.submit(stream, "attentionDecode",
                () -> commands.pool().parallelFor(work.tasks(), 1, work::run), a.q_THQ(), a.k_LGQ(), a.v_LGV(),
                a.o_THV());
    }

    private static void check(Forward a) {
        AttentionShape s = a.shape();
        check("q", a.q_BSHQ(), s, s.heads(), s.queryKeyDim());
        check("k", a.k_BSHQ(), s, s.keyHeads(), s.queryKeyDim());
        check("v", a.v_BSHV(), s, s.keyHeads(), s.valueDim());
        check("o", a.o_BSHV(), s, s.heads(), s.valueDim());
        OperandChecks.dense("lse", a.lse_BHS(), DType.F32);
        OperandChecks.elements("lse", a.lse_BHS(), s.batch() * s.heads() * s.sequence());
        a.starts_BS().ifPresent(starts -> {
            OperandChecks.dense("starts", starts, DType.I32);
            OperandChecks.shape("starts", starts, s.batch(), s.sequence());
        });
    }

    private static Tensor[] with(Forward a, Tensor... tensors) {
        List<Tensor> all = new ArrayList<>(List.of(tensors));
        a.starts_BS().ifPresent(all::add);
        a.scores().ifPresent(all::add);
        return all.toArray(Tensor[]::new);
    }

    private static void check(String name, Tensor tensor, AttentionShape s, long heads, long dim) {
        OperandChecks.shape(name, tensor, s.batch(), s.sequence(), heads, dim);
        if (tensor.dtype() != s.dtype() || (dim > 1 && tensor.stride(3) != 1)) {
            throw new IllegalArgumentException(name + " is " + tensor + ", but must be of " + s.dtype()
                    + " with a dense last dimension");
        }
    }

    /** The (S, ·) matrix of one head of one sequence. */
    static Rows head(Tensor tensor, long batch, long head) {
        DType type = tensor.dtype();
        long first = tensor.address() + type.bytes() * (batch * tensor.stride(0) + head * tensor.stride(2));
        return new Rows(first, tensor.dim(1), tensor.dim(3), tensor.stride(1), Rows.isNarrow(tensor));
    }
}
