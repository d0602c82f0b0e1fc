package io.moe4j.runtime.cpu;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.runtime.cpu.engine.CpuStream;
import io.moe4j.runtime.cpu.engine.Recording;
import java.util.ArrayDeque;
import java.util.Deque;

/** Records a stream. Afterwards the stream is usable again, whether the body succeeded or failed. */
final class CpuCapture implements GraphCapture {
    private final Deque<CpuCapturedGraph> graphs = new ArrayDeque<>();

    @Override
    public CapturedGraph capture(Stream stream, Runnable body) {
        Recording recording = ((CpuStream) stream).beginCapture();
        try {
            body.run();
            CpuCapturedGraph graph = new CpuCapturedGraph(recording.end());
            graphs.push(graph);
            return graph;
        } catch (RankFailedException | CaptureException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new CaptureException("the step cannot be captured: " + e.getMessage(), e);
        } finally {
            recording.abandon();
        }
    }

    @Override
    public void close() {
        while (!graphs.isEmpty()) {
            graphs.pop().close();
        }
    }
}
