package io.moe4j.tests.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaField;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.net.URI;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Lock;
import java.util.stream.Stream;

/** Finds static final fields that hold mutable objects. */
final class MutableTypes {
    private static final Set<Class<?>> MUTABLE = Set.of(StringBuilder.class, StringBuffer.class, BitSet.class,
            Random.class,
            Iterator.class, Executor.class, Lock.class, Thread.class);
    private static final Set<String> MAKERS_OF_COPIES = Set.of("copyOf", "toList", "unmodifiableList",
            "unmodifiableMap", "unmodifiableSet", "unmodifiableSortedMap", "unmodifiableCollection", "of", "ofEntries",
            "toUnmodifiableSet", "toUnmodifiableMap", "collectingAndThen");

    private MutableTypes() {}

    static boolean holds(JavaField field) {
        JavaClass type = field.getRawType();
        if (type.isArray() || type.getPackageName().equals("java.util.concurrent.atomic")) {
            return true;
        }
        if (type.isAssignableTo(Collection.class) || type.isAssignableTo(Map.class)) {
            return !type.isInterface() || !isCopied(field);
        }
        return Stream.concat(MUTABLE.stream(), Stream.of(java.nio.Buffer.class)).anyMatch(type::isAssignableTo);
    }

    /** An interface such as List does not say whether its object is mutable. So the field's initialiser must end with a call that makes an immutable object. */
    private static boolean isCopied(JavaField field) {
        List<String> calls = new ArrayList<>();
        for (CodeElement element : initialiser(field.getOwner())) {
            if (element instanceof InvokeInstruction call) {
                calls.add(call.owner().asInternalName() + "." + call.name().stringValue());
            } else if (element instanceof FieldInstruction store && store.opcode() == Opcode.PUTSTATIC) {
                if (store.name().stringValue().equals(field.getName())) {
                    return makesWhatCannotChange(calls);
                }
                calls.clear();
            }
        }
        return false;
    }

    /** @param calls the calls between the previous field and this one, in their order */
    private static boolean makesWhatCannotChange(List<String> calls) {
        if (calls.isEmpty()) {
            return false;
        }
        String last = calls.getLast();
        return last.equals("java/util/stream/Stream.collect")
                ? calls.stream().anyMatch(call -> call.startsWith("java/util/stream/Collectors.") && isMaker(call))
                : last.startsWith("java/util/") && isMaker(last);
    }

    private static boolean isMaker(String call) {
        return MAKERS_OF_COPIES.contains(call.substring(call.lastIndexOf('.') + 1));
    }

    private static List<CodeElement> initialiser(JavaClass owner) {
        URI source = owner.getSource()
                .orElseThrow(() -> new IllegalStateException("no class file of " + owner.getName()))
                .getUri();
        try (InputStream in = source.toURL().openStream()) {
            return ClassFile.of().parse(in.readAllBytes()).methods().stream()
                    .filter(method -> method.methodName().equalsString("<clinit>"))
                    .flatMap(method -> method.code().stream()).flatMap(code -> code.elementList().stream()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
