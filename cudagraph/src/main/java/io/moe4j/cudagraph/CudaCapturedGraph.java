package io.moe4j.cudagraph;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaStream;
import io.moe4j.runtime.cuda.HostGate;
import io.moe4j.runtime.cuda.driver.Driver;
import java.util.List;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.JCudaDriver;

/** An instantiated graph. Where it has barriers between ranks of one device, these launch it together. */
final class CudaCapturedGraph implements CapturedGraph {
    private final CudaDevice device;
    private final CUgraphExec executable = new CUgraphExec();
    private final List<HostGate.Member> gates;
    private final List<Memory> memory;
    private final long nodes;
    private boolean closed;

    CudaCapturedGraph(CudaDevice device, CUgraph graph, List<HostGate.Member> gates, List<Memory> memory,
            CudaStream stream) {
        this.device = device;
        this.gates = gates;
        this.memory = memory;
        long[] count = new long[1];
        Driver.check(JCudaDriver.cuGraphGetNodes(graph, null, count), "cuGraphGetNodes");
        nodes = count[0];
        device.turns().run(() -> {
            Driver.check(JCudaDriver.cuGraphInstantiate(executable, graph, 0),
                    "cuGraphInstantiate of " + nodes + " nodes");
            Driver.check(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
            Driver.check(JCudaDriver.cuGraphUpload(executable, stream.handle()),
                    "cuGraphUpload of " + nodes + " nodes");
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
        gates.forEach(gate -> gate.pass("the replay of a graph"));
        device.turns().beginLaunch();
        try {
            Driver.check(JCudaDriver.cuGraphLaunch(executable, ((CudaStream) stream).handle()),
                    "cuGraphLaunch of " + nodes + " nodes");
            gates.forEach(gate -> gate.pass("the replay of a graph, after its launch"));
        } finally {
            device.turns().endLaunch();
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
            Driver.check(JCudaDriver.cuGraphExecDestroy(executable), "cuGraphExecDestroy");
        }
    }
}
