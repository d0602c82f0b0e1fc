package io.moe4j.runtime.cuda;

import java.util.Optional;
import java.util.List;
import io.moe4j.api.device.KernelArg;
import io.moe4j.runtime.cuda.driver.KernelSignature;
import io.moe4j.runtime.cuda.driver.FunctionHandle;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Kernel;
import io.moe4j.api.device.KernelModule;
import io.moe4j.runtime.cuda.driver.Driver;
import io.moe4j.runtime.cuda.driver.FunctionLoader;
import io.moe4j.runtime.cuda.driver.ModuleHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;

/** A loaded fatbin, cubin or PTX. */
final class CudaKernelModule implements KernelModule {
    /** A function that needs more shared memory than this must be allowed to use it. */
    private static final int DEFAULT_SHARED_BYTES = 48 << 10;

    private final CudaDevice device;
    private final String name;
    private final ModuleHandle module = new ModuleHandle();
    private final Map<String, CudaKernel> kernels = new ConcurrentHashMap<>();
    private final AtomicBoolean open = new AtomicBoolean(true);

    CudaKernelModule(CudaDevice device, String name, byte[] binary) {
        this.device = device;
        this.name = name;
        device.context().makeCurrent();
        device.turns().run(() -> {
            Driver.check(JCudaDriver.cuModuleLoadData(module, binary), "loading the CUDA kernels of " + name);
            FunctionLoader.loadAll(module, name);
        });
    }

    @Override
    public Kernel kernel(String kernelName) {
        return kernels.computeIfAbsent(kernelName, this::look);
    }

    private CudaKernel look(String kernelName) {
        device.context().makeCurrent();
        FunctionHandle function = new FunctionHandle();
        int result = JCudaDriver.cuModuleGetFunction(function, module, kernelName);
        if (result != jcuda.driver.CUresult.CUDA_SUCCESS) {
            throw new DeviceException(
                    "the CUDA module of " + name + " has no kernel \"" + kernelName + "\" (used so far: "
                            + kernels.keySet() + "); declare it extern \"C\" __global__, and build it for this GPU");
        }
        return new CudaKernel(device, kernelName, function);
    }

    @Override
    public void close() {
        if (open.compareAndSet(true, false)) {
            device.context().makeCurrent();
            Driver.check(device.turns().call(() -> JCudaDriver.cuModuleUnload(module)),
                    "cuModuleUnload of " + name);
        }
    }

    /** A function of the module. */
    static final class CudaKernel implements Kernel {
        private final CudaDevice device;
        private final String name;
        private final CUfunction function;
        private final Optional<KernelSignature> signature;
        private int sharedLimit = DEFAULT_SHARED_BYTES;

        CudaKernel(CudaDevice device, String name, FunctionHandle function) {
            this.device = device;
            this.name = name;
            this.function = function;
            this.signature = KernelSignature.of(function);
        }

        @Override
        public String name() {
            return name;
        }

        /** The device that loaded the kernel. */
        CudaDevice device() {
            return device;
        }

        /**
         * Checks the arguments of a launch.
         *
         * @throws DeviceException if they do not fit the kernel's parameters
         */
        void check(List<KernelArg> arguments) {
            if (signature.isPresent()) {
                signature.get().check(name, arguments);
            }
        }

        /** The function, allowed to use {@code sharedBytes} bytes of dynamic shared memory. */
        synchronized CUfunction function(int sharedBytes) {
            if (sharedBytes > sharedLimit) {
                Driver.check(JCudaDriver.cuFuncSetAttribute(function,
                        CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes),
                        "asking for " + sharedBytes + " bytes of shared memory for kernel " + name);
                sharedLimit = sharedBytes;
            }
            return function;
        }
    }
}
