package io.moe4j.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Group;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Records that SPIs speak are made by factories, by older constructors that plug-ins link with, and by methods that change a component. Nothing of moe4j calls
 * some of these, so a wrong one would be found by plug-ins first. All are called with random values here: what is given is in the record, under its name and in
 * its order, and nothing else changes.
 */
class ArgumentRecordsTest {
    private static final int ATTEMPTS = 400;
    /** Where an argument is: in no component, or in several that are equal by chance; otherwise the component's number. */
    private static final int NOWHERE = -1;
    private static final int SEVERAL = -2;
    /** They compute a component, or take a part of one. */
    private static final Set<String> COMPUTE = Set.of("KeptPlace.in[Memory, CommConfig, long]",
            "KernelSource.with[DeviceKind, Supplier]", "KernelSource.withResource[DeviceKind, Supplier]",
            "Rounding$Stochastic.of[long, String, long, long]");

    /** They take particular values, which random ones do not meet. */
    private static final Set<String> PARTICULAR = Set.of(
            "AttentionOps$Decode.of[float, Tensor, Tensor, Tensor, Tensor]",
            "DeviceLoop.of[Tensor, Tensor, int]",
            "DeviceLoop.withLimit[int]",
            "Group.of[String, List, int]",
            "Launch.of[Kernel, KernelArg[]]",
            "LoraSpec.of[int, double, Set]",
            "ModelContext.withLora[LoraSpec]",
            "RowQuantization.of[Tensor, Tensor, Tensor[]]",
            "ScaledOperand.of[Tensor]",
            "Setting.choice[String, String, List]",
            "Setting.flag[String, boolean]",
            "Setting.integer[String, long, long, long]",
            "Setting.number[String, double, double, double]",
            "Setting.text[String, String]",
            "Settings.with[String, Object]",
            "SpiVersion.parse[String]",
            "Tensor.of[Memory, long, DType, long[]]");

    private Random random = new Random();
    private final Set<String> problems = new TreeSet<>();
    private int made;
    private int changed;

    @Test
    void whatIsGivenIsInTheRecord() throws Exception {
        List<Class<? extends Record>> records = new ArrayList<>();
        for (Class<?> module : List.of(Tensor.class, Tape.class)) {
            records.addAll(records(module));
        }
        Set<String> unmade = new TreeSet<>();
        for (Class<? extends Record> type : records) {
            for (Constructor<?> constructor : type.getConstructors()) {
                if (constructor.getParameterCount() != type.getRecordComponents().length) {
                    check(type, constructor, unmade);
                }
            }
            for (Method method : type.getDeclaredMethods()) {
                boolean makes = Modifier.isPublic(method.getModifiers()) && method.getReturnType() == type
                        && method.getParameterCount() > 0;
                if (makes && (Modifier.isStatic(method.getModifiers()) || method.getName().startsWith("with"))
                        && !COMPUTE.contains(name(method))) {
                    check(type, method, unmade);
                }
            }
        }
        assertEquals(Set.of(), problems);
        assertEquals(PARTICULAR, unmade, "no values were found that these take");
        assertTrue(records.size() > 50 && made > 50 && changed > 50,
                records.size() + " records, " + made + ", " + changed);
    }

    private void check(Class<? extends Record> type, Executable executable, Set<String> unmade) throws Exception {
        // A seed of its own, since methods have no fixed order.
        random = new Random(name(executable).hashCode());
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Object before = executable instanceof Method method && !Modifier.isStatic(method.getModifiers())
                    ? value(type, type)
                    : null;
            Object[] arguments = Arrays.stream(executable.getParameters())
                    .map(parameter -> value(parameter.getType(), parameter.getParameterizedType())).toArray();
            if (Arrays.asList(arguments).contains(null)
                    || (before == null && executable.getName().startsWith("with"))) {
                continue;
            }
            Object after;
            try {
                after = executable instanceof Method method ? method.invoke(before, arguments)
                        : ((Constructor<?>) executable).newInstance(arguments);
            } catch (InvocationTargetException e) {
                continue;
            }
            compare(type, executable, before, arguments, after);
            return;
        }
        unmade.add(name(executable));
    }

    private void compare(Class<? extends Record> type, Executable executable, @Nullable Object before,
            Object[] arguments, Object after) throws Exception {
        made++;
        Parameter[] parameters = executable.getParameters();
        List<Object> left = new ArrayList<>(Arrays.asList(arguments));
        int[] places = new int[arguments.length];
        Arrays.fill(places, NOWHERE);
        int place = 0;
        for (RecordComponent component : type.getRecordComponents()) {
            Object value = component.getAccessor().invoke(after);
            for (int i = 0; i < parameters.length; i++) {
                boolean named = parameters[i].getName().equals(component.getName())
                        || (before != null && parameters.length == 1
                                && executable.getName().equalsIgnoreCase("with" + component.getName()));
                if (named && !is(value, arguments[i])) {
                    problems.add(name(executable) + ": " + component.getName() + " is " + value + ", and not "
                            + arguments[i]);
                }
            }
            boolean given = Arrays.stream(arguments).anyMatch(argument -> is(value, argument));
            left.removeIf(argument -> is(value, argument));
            for (int i = 0; i < places.length; i++) {
                if (is(value, arguments[i])) {
                    places[i] = places[i] == NOWHERE ? place : SEVERAL;
                }
            }
            place++;
            if (before != null && !given && !Objects.equals(component.getAccessor().invoke(before), value)) {
                problems.add(name(executable) + " changes " + component.getName());
            }
        }
        for (int i = 0; i < places.length; i++) {
            for (int j = i + 1; j < places.length; j++) {
                if (arguments[i].getClass() == arguments[j].getClass() && places[j] >= 0
                        && places[i] > places[j]) {
                    problems.add(name(executable) + " has " + parameters[i].getName() + " behind "
                            + parameters[j].getName());
                }
            }
        }
        if (!left.isEmpty()) {
            problems.add(name(executable) + " loses " + left);
        }
        changed += before == null ? 0 : 1;
    }

    private static boolean is(@Nullable Object value, Object argument) {
        return Objects.equals(value, argument) || Optional.of(argument).equals(value);
    }

    private static String name(Executable executable) {
        String type = executable.getDeclaringClass().getName();
        return type.substring(type.lastIndexOf('.') + 1) + "."
                + (executable instanceof Method ? executable.getName() : "new")
                + Arrays.stream(executable.getParameterTypes()).map(Class::getSimpleName).toList();
    }

    /** A random value of a type; null if none was found. */
    private @Nullable Object value(Class<?> type, Type generic) {
        if (type == int.class) {
            return 1 + random.nextInt(12);
        } else if (type == long.class) {
            return 1L + random.nextInt(12);
        } else if (type == float.class) {
            return (float) random.nextInt(1, 1000) / 1024;
        } else if (type == double.class) {
            return random.nextInt(1, 1000) / 1024.0;
        } else if (type == boolean.class) {
            return random.nextBoolean();
        } else if (type == String.class) {
            return "text-" + random.nextInt(1000);
        } else if (type == Duration.class) {
            return Duration.ofSeconds(1 + random.nextInt(1000));
        } else if (type == Optional.class) {
            Type inside = ((ParameterizedType) generic).getActualTypeArguments()[0];
            return random.nextInt(3) == 0 ? Optional.empty() : Optional.ofNullable(value(raw(inside), inside));
        } else if (type == List.class) {
            Type inside = ((ParameterizedType) generic).getActualTypeArguments()[0];
            return Stream.generate(() -> value(raw(inside), inside)).limit(random.nextInt(3)).filter(Objects::nonNull)
                    .toList();
        } else if (type == Map.class) {
            return Map.of();
        } else if (type == Set.class) {
            return Set.of();
        } else if (type == InputStream.class) {
            return InputStream.nullInputStream();
        } else if (type == Group.class) {
            return new Group("group-" + random.nextInt(1000), List.of(0), 0);
        } else if (type == MemoryStack.class) {
            return new MemoryStack((Memory) opaque(Memory.class), freed -> {});
        } else if (type == Tensor.class) {
            return tensor();
        } else if (type.isEnum()) {
            Object[] all = type.getEnumConstants();
            return all[random.nextInt(all.length)];
        } else if (type.isSealed()) {
            Class<?>[] all = type.getPermittedSubclasses();
            Class<?> one = all[random.nextInt(all.length)];
            return value(one, one);
        } else if (type.isRecord()) {
            return record(type.asSubclass(Record.class));
        } else if (type.isInterface()) {
            return opaque(type);
        }
        return null;
    }

    private static Class<?> raw(Type type) {
        return type instanceof Class<?> plain ? plain
                : type instanceof ParameterizedType some ? (Class<?>) some.getRawType() : Object.class;
    }

    private Tensor tensor() {
        DType[] types = {DType.F32, DType.BF16, DType.I32, DType.I64};
        return Tensor.of((Memory) opaque(Memory.class), 256L * random.nextInt(1000),
                types[random.nextInt(types.length)],
                1 + random.nextInt(4), 1 + random.nextInt(4));
    }

    private @Nullable Object record(Class<? extends Record> type) {
        RecordComponent[] components = type.getRecordComponents();
        for (int attempt = 0; attempt < 20; attempt++) {
            Object[] arguments = Arrays.stream(components)
                    .map(component -> value(component.getType(), component.getGenericType())).toArray();
            try {
                return type.getConstructor(Arrays.stream(components).map(RecordComponent::getType)
                        .toArray(Class<?>[]::new)).newInstance(arguments);
            } catch (ReflectiveOperationException e) {
                // These values do not go together.
            }
        }
        return null;
    }

    /** Something that is only passed on. */
    @SuppressWarnings("ReferenceEquality") // it is equal only to itself
    private Object opaque(Class<?> type) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (self, method, given) -> switch (method.getName()) {
                    case "equals" -> self == given[0];
                    case "hashCode" -> System.identityHashCode(self);
                    case "toString" -> type.getSimpleName();
                    default -> method.getReturnType() == long.class ? (Object) (1L << 40) : null;
                });
    }

    /** The exported records beside a class, those within others too. */
    private static List<Class<? extends Record>> records(Class<?> beside) throws IOException, URISyntaxException {
        URI place = beside.getProtectionDomain().getCodeSource().getLocation().toURI();
        if (Files.isDirectory(Path.of(place))) {
            return records(beside, Path.of(place));
        }
        try (FileSystem jar = FileSystems.newFileSystem(Path.of(place))) {
            return records(beside, jar.getPath("/"));
        }
    }

    private static List<Class<? extends Record>> records(Class<?> beside, Path root) throws IOException {
        List<Class<? extends Record>> records = new ArrayList<>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path file : (Iterable<Path>) all.filter(each -> each.toString().endsWith(".class"))
                    .sorted()::iterator) {
                String name = root.relativize(file).toString().replace('/', '.').replaceAll("\\.class$", "");
                if (name.endsWith("-info")) {
                    continue;
                }
                Class<?> type = Class.forName(name, false, beside.getClassLoader());
                if (type.isRecord() && isPublic(type) && type.getModule().isExported(type.getPackageName())) {
                    records.add(type.asSubclass(Record.class));
                }
            }
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
        return records;
    }

    private static boolean isPublic(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && (type.getDeclaringClass() == null || isPublic(type.getDeclaringClass()));
    }
}
