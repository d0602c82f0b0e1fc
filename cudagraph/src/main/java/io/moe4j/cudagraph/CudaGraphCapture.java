package io.moe4j.cudagraph;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.Stream;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaRecording;
import io.moe4j.runtime.cuda.CudaStream;
import io.moe4j.runtime.cuda.driver.Driver;
import java.util.ArrayDeque;
import java.util.Deque;
import jcuda.driver.CUgraph;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * Records a stream in relaxed mode: threads of other ranks continue meanwhile, whether they capture or not. Work that a library does when it is called with a
 * new shape (choosing a kernel, allocating memory) happens immediately and is not recorded. The stream refuses calls that must not occur in a capture.
 */
final class CudaGraphCapture implements GraphCapture {
    private static final int CAPTURE_MODE_RELAXED = 2;

    private final CudaDevice device;
    private final Deque<CudaCapturedGraph> graphs = new ArrayDeque<>();

    CudaGraphCapture(CudaDevice device) {
        this.device = device;
    }

    @Override
    public CapturedGraph capture(Stream stream, Runnable body) {
        CudaStream cuda = (CudaStream) stream;
        device.context().makeCurrent();
        Driver.check(JCudaDriver.cuStreamBeginCapture(cuda.handle(), CAPTURE_MODE_RELAXED),
                "cuStreamBeginCapture");
        CudaRecording recording = cuda.beginRecording();
        CUgraph graph = new CUgraph();
        boolean recorded = false;
        try {
            body.run();
            recorded = true;
        } catch (RuntimeException e) {
            throw new CaptureException("the step cannot be captured: " + e.getMessage(), e);
        } finally {
            recording.end();
            if (!recorded) {
                discard(cuda, graph);
            }
        }
        int result = JCudaDriver.cuStreamEndCapture(cuda.handle(), graph);
        if (result != CUresult.CUDA_SUCCESS) {
            throw new CaptureException("the capture of stream " + stream.name() + " ended with "
                    + CUresult.stringFor(result)
                    + ": work was left on another stream (record an event there, and let the captured stream await"
                    + " it), or a call inside it cannot be captured; set graph_capture.enable to false");
        }
        CudaCapturedGraph captured = new CudaCapturedGraph(device, graph, recording, cuda);
        graphs.push(captured);
        return captured;
    }

    /** Ends the capture of a body that failed, with an exception or an error, so that the stream is usable again. */
    private static void discard(CudaStream stream, CUgraph graph) {
        if (JCudaDriver.cuStreamEndCapture(stream.handle(), graph) == CUresult.CUDA_SUCCESS) {
            JCudaDriver.cuGraphDestroy(graph);
        }
    }

    @Override
    public void close() {
        while (!graphs.isEmpty()) {
            graphs.pop().close();
        }
    }
}
