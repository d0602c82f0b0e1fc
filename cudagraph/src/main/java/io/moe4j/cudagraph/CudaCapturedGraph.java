package io.moe4j.cudagraph;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.runtime.cuda.ContextTurns;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaRecording;
import io.moe4j.runtime.cuda.CudaStream;
import io.moe4j.runtime.cuda.ReplayPart;
import io.moe4j.runtime.cuda.driver.Driver;
import java.util.List;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * An instantiated graph. The {@link io.moe4j.runtime.cuda.ReplayPart}s of its capture run before and after each launch: with them, for example, ranks of one
 * process with barriers between them launch their graphs together.
 */
final class CudaCapturedGraph implements CapturedGraph {
    /** Kernels have the priority of the stream on which they were recorded. */
    private static final long USE_NODE_PRIORITY = 8;

    private final CudaDevice device;
    private final CUgraphExec executable = new CUgraphExec();
    private final List<ReplayPart> parts;
    private final List<Memory> memory;
    private final long nodes;
    private boolean closed;

    CudaCapturedGraph(CudaDevice device, CUgraph graph, CudaRecording recording, CudaStream stream) {
        this.device = device;
        this.parts = recording.parts();
        this.memory = recording.memory();
        long[] count = new long[1];
        Driver.check(JCudaDriver.cuGraphGetNodes(graph, null, count), "cuGraphGetNodes");
        nodes = count[0];
        device.turns().run(() -> {
            int instantiated = JCudaDriver.cuGraphInstantiate(executable, graph,
                    recording.hasBranches() ? USE_NODE_PRIORITY : 0);
            int destroyed = JCudaDriver.cuGraphDestroy(graph); // also if instantiating failed
            Driver.check(instantiated, "cuGraphInstantiate of " + nodes + " nodes");
            Driver.check(destroyed, "cuGraphDestroy");
            int uploaded = JCudaDriver.cuGraphUpload(executable, stream.handle());
            if (uploaded != CUresult.CUDA_SUCCESS) {
                JCudaDriver.cuGraphExecDestroy(executable);
            }
            Driver.check(uploaded, "cuGraphUpload of " + nodes + " nodes");
        });
    }

    @Override
    public void replay(Stream stream) {
        if (closed) {
            throw new CaptureException(
                    "a graph of " + nodes + " nodes is replayed after it was closed; capture it again");
        }
        for (Memory used : memory) {
            if (!used.isLive()) {
                throw new CaptureException(
                        "a graph of " + nodes + " nodes is replayed, and its memory \"" + used.purpose()
                                + "\" of " + used.bytes() + " bytes was freed since it was captured; capture it again");
            }
        }
        device.context().makeCurrent();
        CudaStream cuda = (CudaStream) stream;
        parts.forEach(ReplayPart::beforeLaunch);
        try (ContextTurns.Turn launching = device.turns().beginLaunch()) {
            Driver.check(JCudaDriver.cuGraphLaunch(executable, cuda.handle()), "cuGraphLaunch of " + nodes + " nodes");
            parts.forEach(part -> part.afterLaunch(cuda));
        }
    }

    @Override
    public long size() {
        return nodes;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            device.context().makeCurrent();
            Driver.check(device.turns().call(() -> JCudaDriver.cuGraphExecDestroy(executable)),
                    "cuGraphExecDestroy");
        }
    }
}
