import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Changes the compiled classes of a plug-in one instruction at a time, and runs the contract kit against each. What the kit does not notice is listed with
 * its line: each is a hole of
 * the kit, or means the same. See build-support/mutants.
 *
 * <p>Kinds: conditions negated, their boundaries moved, arithmetic exchanged, increments reversed, calls without a result left out, constants one more,
 * results replaced by 0.
 */
final class Mutants {
    private static final String RESULT = "result: ";
    private static final Set<String> TOO_LARGE = Set.of("rowsBeyond31Bits");
    private static final List<String> FIRST = List.of("exchanges", "capacities", "statisticsAreOfAllPlans", "plansOutliveScopes",
            "plansReadTheIdsOfNow", "rowsWithScales", "exchangesOverlap", "refusesIdsOutOfRange", "leasesEnd");

    /** One change: element {@code at} of the code of the {@code method}-th method. */
    record Mutant(String type, int method, int at, String kind, String where) {}

    private Mutants() {}

    /** Arguments: classes, test classes, the kit's subclass, how many mutants, seed, seconds for one. A worker also gets the first mutant. */
    public static void main(String[] arguments) throws Exception {
        Path classes = Path.of(arguments[0]);
        List<Mutant> mutants = chosen(classes, Integer.parseInt(arguments[3]), Long.parseLong(arguments[4]));
        if (arguments.length > 6) {
            work(classes, Path.of(arguments[1]), arguments[2], mutants, Integer.parseInt(arguments[6]));
        } else {
            watch(arguments, mutants, Integer.parseInt(arguments[5]));
        }
    }

    /** Runs workers, each from the mutant on at which the last one was stopped. */
    private static void watch(String[] arguments, List<Mutant> mutants, int seconds) throws Exception {
        Map<String, Integer> score = new TreeMap<>();
        List<String> survivors = new ArrayList<>();
        int next = -1;
        while (next < mutants.size()) {
            List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-Xmx2g", "-XX:+UseSerialGC",
                    "-XX:ErrorFile=/dev/null",
                    "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                    "Mutants"));
            command.addAll(List.of(arguments));
            command.add(String.valueOf(next));
            Process worker = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            try (BufferedReader results = worker.inputReader()) {
                while (next < mutants.size()) {
                    String result = line(results, next < 0 ? 20 * seconds : seconds);
                    if (next < 0) {
                        if (!result.equals("survived")) {
                            throw new IllegalStateException("the kit fails without a mutant: " + result);
                        }
                        System.out.println("without a mutant the kit passes; " + mutants.size() + " mutants");
                        next++;
                        continue;
                    }
                    Mutant mutant = mutants.get(next++);
                    score.merge(result.replaceFirst(":.*", ""), 1, Integer::sum);
                    System.out.println(next + " " + result + " | " + mutant.kind + " | " + mutant.where);
                    if (result.equals("survived")) {
                        survivors.add(mutant.kind + " | " + mutant.where);
                    }
                    if (result.equals("too long") || result.equals("ended")) {
                        // Before the reader is closed: that waits for the thread that reads.
                        worker.destroyForcibly().waitFor();
                        break;
                    }
                }
            } finally {
                worker.destroyForcibly().waitFor();
            }
        }
        System.out.println(score);
        survivors.stream().sorted().forEach(System.out::println);
    }

    private static String line(BufferedReader results, int seconds) throws Exception {
        CompletableFuture<String> line = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                // A JVM that is ended by a mutant's write to a wrong address reports that on the same stream.
                String read = results.readLine();
                while (read != null && !read.startsWith(RESULT)) {
                    read = results.readLine();
                }
                line.complete(read == null ? "ended" : read.substring(RESULT.length()));
            } catch (IOException e) {
                line.complete("ended");
            }
        });
        try {
            return line.get(seconds, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            return "too long";
        }
    }

    private static void work(Path classes, Path tests, String kit, List<Mutant> mutants, int from) throws Exception {
        PrintStream results = System.out;
        System.setOut(new PrintStream(java.io.OutputStream.nullOutputStream()));
        for (int i = from; i < mutants.size(); i++) {
            results.println(RESULT + (i < 0 ? run(classes, tests, kit, Optional.empty()) : run(classes, tests, kit, Optional.of(mutants.get(i)))));
            results.flush();
        }
        System.exit(0);
    }

    private static String run(Path classes, Path tests, String kit, Optional<Mutant> mutant) throws Exception {
        try (Changed loader = new Changed(classes, tests, mutant)) {
            Class<?> type = loader.loadClass(kit);
            for (Method method : tests(type)) {
                var constructor = type.getDeclaredConstructor();
                constructor.setAccessible(true);
                Object instance = constructor.newInstance();
                call(type, instance, "open");
                try {
                    Object found = invoke(method, instance);
                    if (found instanceof Stream<?> dynamic) {
                        for (Object test : dynamic.toList()) {
                            Object executable = test.getClass().getMethod("getExecutable").invoke(test);
                            invoke(Class.forName("org.junit.jupiter.api.function.Executable").getMethod("execute"), executable);
                        }
                    }
                } finally {
                    call(type, instance, "close");
                }
            }
            return "survived";
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            String name = cause.getClass().getSimpleName();
            return name.equals("TestAbortedException") ? "survived"
                    : (isAssertion(cause) ? "assertion: " : "exception: ") + name + " " + String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
        }
    }

    /** Also where the kit reports the failures of several ranks together. */
    private static boolean isAssertion(Throwable failure) {
        return failure instanceof AssertionError || (failure.getCause() != null && isAssertion(failure.getCause()))
                || Stream.of(failure.getSuppressed()).anyMatch(Mutants::isAssertion);
    }

    private static void call(Class<?> type, Object instance, String name) throws Exception {
        invoke(type.getMethod(name), instance);
    }

    private static Object invoke(Method method, Object instance) throws Exception {
        method.setAccessible(true);
        try {
            return method.invoke(instance);
        } catch (InvocationTargetException e) {
            if (e.getCause().getClass().getSimpleName().equals("TestAbortedException")) {
                return null;
            }
            throw e;
        }
    }

    private static List<Method> tests(Class<?> kit) {
        return Stream.of(kit.getMethods())
                .filter(method -> Stream.of(method.getAnnotations()).anyMatch(a -> a.annotationType().getSimpleName().matches("Test|TestFactory")))
                .filter(method -> !TOO_LARGE.contains(method.getName()))
                .sorted(Comparator.comparingInt((Method method) -> FIRST.contains(method.getName()) ? FIRST.indexOf(method.getName()) : FIRST.size())
                        .thenComparing(Method::getName))
                .toList();
    }

    /** All mutants in a fixed order, or that many of them, drawn with the seed. */
    private static List<Mutant> chosen(Path classes, int count, long seed) throws IOException {
        List<Mutant> all = new ArrayList<>();
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".class") && !each.endsWith("module-info.class")
                    && !each.endsWith("package-info.class")).sorted().toList()) {
                all.addAll(of(ClassFile.of().parse(file)));
            }
        }
        java.util.Collections.shuffle(all, new Random(seed));
        return List.copyOf(all.subList(0, Math.min(count, all.size())));
    }

    private static List<Mutant> of(ClassModel type) {
        List<Mutant> mutants = new ArrayList<>();
        String name = type.thisClass().asInternalName().replace('/', '.');
        for (int m = 0; m < type.methods().size(); m++) {
            MethodModel method = type.methods().get(m);
            // Messages are not the kit's business.
            if (method.code().isEmpty() || method.methodName().equalsString("toString") || method.methodName().equalsString("description")
                    || method.methodName().equalsString("hashCode") || method.methodName().equalsString("<clinit>")) {
                continue;
            }
            int line = 0;
            int at = 0;
            Set<String> seen = new HashSet<>();
            for (CodeElement element : method.code().get().elementList()) {
                if (element instanceof LineNumber number) {
                    line = number.line();
                }
                for (String kind : kinds(element)) {
                    String where = name.substring(name.lastIndexOf('.') + 1) + ":" + line + " " + method.methodName().stringValue();
                    if (seen.add(kind + where + at)) {
                        mutants.add(new Mutant(name, m, at, kind, where));
                    }
                }
                at++;
            }
        }
        return mutants;
    }

    private static List<String> kinds(CodeElement element) {
        return switch (element) {
            case BranchInstruction branch when negated(branch.opcode()).isPresent() -> boundary(branch.opcode()).isPresent()
                    ? List.of("condition negated", "boundary moved") : List.of("condition negated");
            case OperatorInstruction operator when other(operator.opcode()).isPresent() -> List.of("arithmetic exchanged");
            case IncrementInstruction increment -> List.of("increment reversed");
            case InvokeInstruction call when call.typeSymbol().returnType().equals(ConstantDescs.CD_void)
                    && !call.name().equalsString("<init>") -> List.of("call left out");
            case ConstantInstruction constant when constant.constantValue() instanceof Integer || constant.constantValue() instanceof Long ->
                List.of("constant one more");
            case ReturnInstruction result when result.typeKind() == TypeKind.INT || result.typeKind() == TypeKind.LONG -> List.of("result 0");
            default -> List.of();
        };
    }

    private static void change(CodeBuilder code, CodeElement element, String kind) {
        switch (element) {
            case BranchInstruction branch -> code.branch(
                    (kind.equals("boundary moved") ? boundary(branch.opcode()) : negated(branch.opcode())).orElseThrow(), branch.target());
            case OperatorInstruction operator -> code.with(OperatorInstruction.of(other(operator.opcode()).orElseThrow()));
            case IncrementInstruction increment -> code.iinc(increment.slot(), -increment.constant());
            case InvokeInstruction call -> {
                for (ClassDesc parameter : call.typeSymbol().parameterList().reversed()) {
                    drop(code, TypeKind.from(parameter));
                }
                if (call.opcode() != Opcode.INVOKESTATIC) {
                    code.pop();
                }
            }
            case ConstantInstruction constant -> {
                if (constant.constantValue() instanceof Long value) {
                    code.loadConstant(value + 1);
                } else {
                    code.loadConstant((Integer) constant.constantValue() + 1);
                }
            }
            case ReturnInstruction result -> {
                drop(code, result.typeKind());
                if (result.typeKind() == TypeKind.LONG) {
                    code.lconst_0().lreturn();
                } else {
                    code.iconst_0().ireturn();
                }
            }
            default -> throw new AssertionError(element);
        }
    }

    private static void drop(CodeBuilder code, TypeKind kind) {
        if (kind.slotSize() == 2) {
            code.pop2();
        } else {
            code.pop();
        }
    }

    private static Optional<Opcode> negated(Opcode opcode) {
        return pair(opcode, List.of(List.of(Opcode.IFEQ, Opcode.IFNE), List.of(Opcode.IFLT, Opcode.IFGE), List.of(Opcode.IFGT, Opcode.IFLE),
                List.of(Opcode.IF_ICMPEQ, Opcode.IF_ICMPNE), List.of(Opcode.IF_ICMPLT, Opcode.IF_ICMPGE),
                List.of(Opcode.IF_ICMPGT, Opcode.IF_ICMPLE), List.of(Opcode.IF_ACMPEQ, Opcode.IF_ACMPNE), List.of(Opcode.IFNULL, Opcode.IFNONNULL)));
    }

    private static Optional<Opcode> boundary(Opcode opcode) {
        return pair(opcode, List.of(List.of(Opcode.IFLT, Opcode.IFLE), List.of(Opcode.IFGT, Opcode.IFGE),
                List.of(Opcode.IF_ICMPLT, Opcode.IF_ICMPLE), List.of(Opcode.IF_ICMPGT, Opcode.IF_ICMPGE)));
    }

    private static Optional<Opcode> other(Opcode opcode) {
        return pair(opcode, List.of(List.of(Opcode.IADD, Opcode.ISUB), List.of(Opcode.LADD, Opcode.LSUB), List.of(Opcode.FADD, Opcode.FSUB),
                List.of(Opcode.IMUL, Opcode.IDIV), List.of(Opcode.LMUL, Opcode.LDIV), List.of(Opcode.LREM, Opcode.LAND),
                List.of(Opcode.IREM, Opcode.IAND), List.of(Opcode.LSHL, Opcode.LSHR), List.of(Opcode.ISHL, Opcode.ISHR),
                List.of(Opcode.IUSHR, Opcode.IOR)));
    }

    private static Optional<Opcode> pair(Opcode opcode, List<List<Opcode>> pairs) {
        for (List<Opcode> pair : pairs) {
            if (pair.contains(opcode)) {
                return Optional.of(pair.get(pair.getFirst() == opcode ? 1 : 0));
            }
        }
        return Optional.empty();
    }

    /** Loads the plug-in's classes, one of them changed, and its tests; everything else comes from the class path. */
    private static final class Changed extends URLClassLoader {
        private final Path classes;
        private final Path tests;
        private final Optional<Mutant> mutant;

        Changed(Path classes, Path tests, Optional<Mutant> mutant) throws IOException {
            super(new URL[] {classes.toUri().toURL(), tests.toUri().toURL()}, Mutants.class.getClassLoader());
            this.classes = classes;
            this.tests = tests;
            this.mutant = mutant;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded != null) {
                    return loaded;
                }
                String file = name.replace('.', '/') + ".class";
                for (Path folder : List.of(classes, tests)) {
                    if (Files.exists(folder.resolve(file))) {
                        try {
                            byte[] bytes = Files.readAllBytes(folder.resolve(file));
                            byte[] changed = mutant.filter(given -> given.type.equals(name)).map(given -> changed(bytes, given)).orElse(bytes);
                            return defineClass(name, changed, 0, changed.length);
                        } catch (IOException e) {
                            throw new ClassNotFoundException(name, e);
                        }
                    }
                }
                return super.loadClass(name, resolve);
            }
        }

        private static byte[] changed(byte[] bytes, Mutant mutant) {
            ClassModel model = ClassFile.of().parse(bytes);
            MethodModel changed = model.methods().get(mutant.method);
            return ClassFile.of(ClassFile.DeadCodeOption.PATCH_DEAD_CODE).transformClass(model, ClassTransform.transformingMethodBodies(
                    method -> method == changed, new java.lang.classfile.CodeTransform() {
                        private int at;

                        @Override
                        public void accept(CodeBuilder code, CodeElement element) {
                            if (at++ == mutant.at) {
                                change(code, element, mutant.kind);
                            } else {
                                code.with(element);
                            }
                        }
                    }));
        }
    }
}
