/** Graph capture and replay on CUDA. */
module io.moe4j.cudagraph {
    requires io.moe4j.api;
    requires io.moe4j.runtime.cuda;
    requires jcuda;
    requires static transitive org.jspecify;

    provides io.moe4j.api.capture.GraphCaptureProvider with io.moe4j.cudagraph.CudaGraphProvider;
}
