/** The CUDA device, on the driver API (through JCuda), own kernels, cuBLASLt and cuDNN. */
module io.moe4j.runtime.cuda {
    requires transitive io.moe4j.api;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires jcuda;
    requires org.bytedeco.cuda;
    requires org.bytedeco.javacpp;

    exports io.moe4j.runtime.cuda to io.moe4j.cudagraph, io.moe4j.comm.nccl;
    exports io.moe4j.runtime.cuda.driver to io.moe4j.cudagraph, io.moe4j.comm.nccl;

    provides io.moe4j.api.device.DeviceProvider with io.moe4j.runtime.cuda.provider.CudaDeviceProvider;
    provides io.moe4j.api.group.CollectivesProvider with io.moe4j.runtime.cuda.peer.CudaPeerCollectivesProvider;
}
