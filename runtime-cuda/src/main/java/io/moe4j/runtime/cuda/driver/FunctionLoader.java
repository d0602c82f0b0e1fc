package io.moe4j.runtime.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.moe4j.api.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Loads all kernels of a module at once. By default, the driver loads each kernel at its first launch, and then waits for the whole context,
 * including kernels of other ranks that wait for this rank. JCuda 12.6 lacks these functions of CUDA 12.4.
 */
public final class FunctionLoader {

    private FunctionLoader() {}

    /** Loads all kernels of {@code module}. Does nothing with an older driver. */
    public static void loadAll(ModuleHandle module, String name) {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup library = SymbolLookup.libraryLookup("libcuda.so.1", arena);
            Optional<MemorySegment> enumerate = library.find("cuModuleEnumerateFunctions");
            if (enumerate.isEmpty()) {
                return;
            }
            MemorySegment handle = MemorySegment.ofAddress(module.address());
            MemorySegment count = arena.allocate(JAVA_INT);
            check(call(library, "cuModuleGetFunctionCount", new MemoryLayout[] {ADDRESS, ADDRESS}, count, handle),
                    name);
            int functions = count.get(JAVA_INT, 0);
            MemorySegment all = arena.allocate(ADDRESS, Math.max(1, functions));
            check(call(library, "cuModuleEnumerateFunctions", new MemoryLayout[] {ADDRESS, JAVA_INT, ADDRESS}, all,
                    functions, handle), name);
            for (int i = 0; i < functions; i++) {
                check(call(library, "cuFuncLoad", new MemoryLayout[] {ADDRESS}, all.getAtIndex(ADDRESS, i)), name);
            }
        }
    }

    private static int call(SymbolLookup library, String function, MemoryLayout[] parameters, Object... arguments) {
        MethodHandle handle = Linker.nativeLinker().downcallHandle(library.findOrThrow(function),
                FunctionDescriptor.of(JAVA_INT, parameters));
        try {
            return (int) handle.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new DeviceException(function + " failed", e);
        }
    }

    private static void check(int result, String name) {
        Driver.check(result, "loading the kernels of " + name + " at once");
    }
}
