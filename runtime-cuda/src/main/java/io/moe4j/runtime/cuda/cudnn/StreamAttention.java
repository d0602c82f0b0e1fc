package io.moe4j.runtime.cuda.cudnn;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.ops.AttentionOps.Backward;
import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.cudnn.Graph.Node;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The attention of one stream. */
final class StreamAttention implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(StreamAttention.class);

    private final Cudnn cudnn;
    private final Map<AttentionKey, Optional<Plan>> prepared = new HashMap<>();

    StreamAttention(long stream) {
        cudnn = new Cudnn(stream);
    }

    boolean forward(Forward a) {
        AttentionKey key = AttentionKey.of(a, a.shape().batch());
        Optional<Plan> found = prepared.computeIfAbsent(key, this::prepareForward);
        if (found.isEmpty()) {
            return false;
        }
        long needed = found.get().workspaceBytes();
        long given = a.workspace().map(Tensor::bytes).orElse(0L);
        if (needed > given) {
            throw CudnnAttention.workspaceMissing(needed, a.workspace());
        }
        run(found.get(), a.workspace().map(Tensor::address).orElse(0L), a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), a.o_BSHV(),
                a.lse_BHS());
        return true;
    }

    boolean backward(Backward b) {
        Forward a = b.forward();
        AttentionShape shape = a.shape();
        long sequences = AttentionWorkspace.sequencesAtOnce(shape);
        Optional<Plan> found = prepared.computeIfAbsent(AttentionKey.of(b, sequences), this::prepareBackward);
        if (found.isEmpty()) {
            return false;
        }
        Tensor workspace = b.workspace().orElseThrow(
                () -> CudnnAttention.workspaceMissing(AttentionWorkspace.backwardBytes(shape), b.workspace()));
        long delta = AttentionWorkspace.deltaBytes(shape);
        if (delta + found.get().workspaceBytes() > workspace.bytes()) {
            throw CudnnAttention.workspaceMissing(delta + found.get().workspaceBytes(), b.workspace());
        }
        Tensor delta_BHS = Tensor.of(workspace.memory(), workspace.byteOffset(), a.lse_BHS().dtype(), sequences,
                shape.heads(), shape.sequence());
        for (long from = 0; from < shape.batch(); from += sequences) {
            long to = from + sequences;
            run(found.get(), workspace.address() + delta, part(a.q_BSHQ(), from, to), part(a.k_BSHQ(), from, to),
                    part(a.v_BSHV(), from, to), part(a.o_BSHV(), from, to), part(a.lse_BHS(), from, to),
                    part(b.do_BSHV(), from, to), part(b.dq_BSHQ(), from, to), part(b.dk_BSHQ(), from, to),
                    part(b.dv_BSHV(), from, to), delta_BHS);
        }
        return true;
    }

    private static Tensor part(Tensor tensor, long from, long to) {
        return tensor.slice(0, from, to);
    }

    private static void run(Plan plan, long workspace, Tensor... tensors) {
        long[] addresses = new long[tensors.length + 1];
        for (int i = 0; i < tensors.length; i++) {
            addresses[i] = tensors[i].address();
        }
        addresses[tensors.length] = workspace;
        plan.run(addresses);
    }

    private Optional<Plan> prepareForward(AttentionKey key) {
        return prepare(key, graph -> {
            AttentionGraph.Forward f = AttentionGraph.forward(graph, key, key.scale());
            return new Node[] {f.q(), f.k(), f.v(), f.o(), f.statistics()};
        });
    }

    private Optional<Plan> prepareBackward(AttentionKey key) {
        return prepare(key, graph -> {
            AttentionGraph.Backward b = AttentionGraph.backward(graph, key, key.scale());
            return new Node[] {b.q(), b.k(), b.v(), b.o(), b.statistics(), b.dO(), b.dq(), b.dk(), b.dv(), b.delta()};
        });
    }

    private Optional<Plan> prepare(AttentionKey key, java.util.function.Function<Graph, Node[]> build) {
        Graph graph = new Graph(cudnn);
        try {
            Node[] nodes = build.apply(graph);
            Plan plan = graph.plan((key.isForward() ? "attention " : "the gradient of attention ") + key);
            log.debug("cuDNN attention {}: workspace of {} bytes", key, plan.workspaceBytes());
            return Optional.of(plan.taking(nodes));
        } catch (DeviceException e) {
            graph.close();
            log.warn("attention {} runs on the slow kernel: {}", key, e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        prepared.values().forEach(found -> found.ifPresent(Plan::close));
        prepared.clear();
        cudnn.close();
    }
}
