package io.moe4j.runtime.cuda.driver;

import io.moe4j.api.device.DeviceException;
import jcuda.driver.CUresult;
import jcuda.driver.CUdeviceptr;

/** Return codes and addresses of the driver API. */
public final class Driver {

    private Driver() {}

    /** Throws unless {@code result} is success; {@code call} names the failed call, with its values. */
    public static void check(int result, String call) {
        if (result != CUresult.CUDA_SUCCESS) {
            throw new DeviceException(
                    call + " failed with " + CUresult.stringFor(result) + " (" + result + ")" + remedy(result));
        }
    }

    /** A pointer to a raw device address. */
    public static CUdeviceptr at(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    private static String remedy(int result) {
        return switch (result) {
            case CUresult.CUDA_ERROR_OUT_OF_MEMORY -> "; lower training.local_batch_size or training.seq_len, or use more ranks";
            case CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU -> "; the kernels were not built for this GPU: build with nvcc for its architecture";
            case CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                    CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED -> "; this call cannot be captured: set graph_capture.enable to false";
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS -> "; a kernel touched memory that is not its own: run under compute-sanitizer";
            default -> "";
        };
    }
}
