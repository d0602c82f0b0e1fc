package io.moe4j.runtime.cpu.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.api.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;

/** OpenBLAS, one thread a call. JavaCPP unpacks and loads it; products call it directly, with addresses instead of pointer objects. */
final class OpenBlas implements Blas {
    private static final int ROW_MAJOR = 101;
    private static final int AS_IT_IS = 111;
    private static final int TRANSPOSED = 112;

    private final MethodHandle sgemm;

    private OpenBlas(MethodHandle sgemm) {
        this.sgemm = sgemm;
    }

    /** Loads it, and sets its number of threads, which all devices of this JVM have in common, to one: the cores are divided here. */
    static OpenBlas open() {
        try {
            String library = Loader.load(openblas.class);
            openblas.blas_set_num_threads(1);
            Linker linker = Linker.nativeLinker();
            return new OpenBlas(linker.downcallHandle(
                    SymbolLookup.libraryLookup(Path.of(library), Arena.ofAuto()).findOrThrow("cblas_sgemm"),
                    FunctionDescriptor.ofVoid(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_FLOAT,
                            JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_FLOAT, JAVA_LONG, JAVA_INT)));
        } catch (LinkageError e) {
            throw new DeviceException("OpenBLAS cannot be loaded: " + e.getMessage()
                    + "; put the modules org.bytedeco.openblas and org.bytedeco.javacpp, with their natives for this"
                    + " platform, on the module path", e);
        }
    }

    @Override
    public void sgemm(Sgemm g) {
        try {
            sgemm.invokeExact(ROW_MAJOR, g.transposeA() ? TRANSPOSED : AS_IT_IS,
                    g.transposeB() ? TRANSPOSED : AS_IT_IS, g.m(), g.n(), g.k(), g.alpha(), g.a(), g.lda(), g.b(),
                    g.ldb(), g.beta(), g.c(), g.ldc());
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new DeviceException("the product " + g + " failed: " + e.getMessage(), e);
        }
    }
}
