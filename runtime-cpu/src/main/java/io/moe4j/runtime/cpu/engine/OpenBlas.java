package io.moe4j.runtime.cpu.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.host.NativesFolder;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Set;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;

/** OpenBLAS, with one thread per call. JavaCPP unpacks and loads it; products call it directly, with addresses instead of pointer objects. */
final class OpenBlas implements Blas {
    /** Kernels that use vectors of 512 bits. */
    private static final Set<String> WIDE = Set.of("SkylakeX", "Cooperlake", "SapphireRapids");
    private static final int LONGEST_NAME = 100;
    private static final String VECTORS = "jdk.incubator.vector";
    private static final int ROW_MAJOR = 101;
    private static final int AS_IT_IS = 111;
    private static final int TRANSPOSED = 112;

    private final MethodHandle sgemm;
    private final String kernels;

    private OpenBlas(MethodHandle sgemm, String kernels) {
        this.sgemm = sgemm;
        this.kernels = kernels;
    }

    /**
     * Loads OpenBLAS, and sets its number of threads to one, because {@link CorePool} divides the cores. All devices of this JVM share that number.
     */
    static OpenBlas open() {
        NativesFolder.ofThisProcess().useForJavaCpp();
        try {
            String library = Loader.load(openblas.class);
            openblas.blas_set_num_threads(1);
            SymbolLookup symbols = SymbolLookup.libraryLookup(Path.of(library), Arena.ofAuto());
            return new OpenBlas(Linker.nativeLinker().downcallHandle(symbols.findOrThrow("cblas_sgemm"),
                    FunctionDescriptor.ofVoid(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_FLOAT,
                            JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_FLOAT, JAVA_LONG, JAVA_INT)),
                    kernels(symbols));
        } catch (LinkageError e) {
            throw cannotBeLoaded(e);
        }
    }

    /** An exception whose remedy depends on what is missing: the incubating module, the Java classes, or the native libraries. */
    static DeviceException cannotBeLoaded(LinkageError e) {
        String missing = String.valueOf(e.getMessage());
        if (missing.contains(VECTORS.replace('.', '/')) || missing.contains(VECTORS)) {
            return new DeviceException("the CPU device needs the module " + VECTORS
                    + ", which is not among those of this Java process; start it with --add-modules " + VECTORS
                    + ", and have it in a runtime that was made by jlink", e);
        }
        if (e instanceof NoClassDefFoundError && missing.contains("org/bytedeco")) {
            return new DeviceException("OpenBLAS cannot be loaded, because the class " + missing
                    + " is missing; put the jars org.bytedeco:openblas and org.bytedeco:javacpp on the module path or"
                    + " the class path", e);
        }
        String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        return new DeviceException("OpenBLAS cannot be loaded, because its native libraries were not found: " + missing
                + "; put the jars of org.bytedeco:openblas and org.bytedeco:javacpp that have the classifier of this"
                + " platform (" + platform + "), such as linux-x86_64, beside those without a classifier, and with a"
                + " module path use --add-modules ALL-MODULE-PATH", e);
    }

    private static String kernels(SymbolLookup symbols) {
        MemoryLayout text = MemoryLayout.sequenceLayout(LONGEST_NAME, JAVA_BYTE);
        MethodHandle name = Linker.nativeLinker().downcallHandle(symbols.findOrThrow("openblas_get_corename"),
                FunctionDescriptor.of(ADDRESS.withTargetLayout(text)));
        try {
            return ((MemorySegment) name.invokeExact()).getString(0);
        } catch (Throwable e) {
            throw new DeviceException("OpenBLAS does not report which kernels it uses: " + e.getMessage(), e);
        }
    }

    /** The processor whose kernels are used, as OpenBLAS names it. */
    String kernels() {
        return kernels;
    }

    /** Whether its kernels use vectors of 512 bits: the processor has them, OpenBLAS knows the processor, and OPENBLAS_CORETYPE names no other. */
    boolean isWide() {
        return WIDE.contains(kernels);
    }

    @Override
    public void sgemm(Sgemm g) {
        if (FarProduct.isOne(g)) {
            FarProduct.compute(g, this);
            return;
        }
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
