package io.moe4j.runtime.cuda.driver;

import io.moe4j.api.device.DeviceException;
import jcuda.driver.CUresult;
import jcuda.driver.CUdeviceptr;

/** Return codes and addresses of the driver API. */
public final class Driver {

    private Driver() {}

    /**
     * Throws unless {@code result} is success; {@code call} names the failed call, with its values.
     *
     * @throws ContextLostException if nothing can be done on the device any more
     */
    public static void check(int result, String call) {
        if (result != CUresult.CUDA_SUCCESS) {
            String message = call + " failed with " + CUresult.stringFor(result) + " (" + result + ")" + remedy(result);
            throw isContextLost(result) ? new ContextLostException(message) : new DeviceException(message);
        }
    }

    private static boolean isContextLost(int result) {
        return switch (result) {
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
                    CUresult.CUDA_ERROR_ASSERT, CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
                    CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION, CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE, CUresult.CUDA_ERROR_INVALID_PC,
                    CUresult.CUDA_ERROR_LAUNCH_FAILED -> true;
            default -> false;
        };
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
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS -> "; a kernel touched memory that is not its own, or that of"
                    + " another process that has ended: if no other rank has failed, run under compute-sanitizer";
            default -> "";
        };
    }
}
