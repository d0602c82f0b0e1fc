package io.moe4j.tests.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaField;
import java.util.BitSet;
import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Lock;
import java.util.stream.Stream;

/** Which static final fields hold something that can change. */
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
            return !type.isInterface() || !isCopied(field.getOwner());
        }
        return Stream.concat(MUTABLE.stream(), Stream.of(java.nio.Buffer.class)).anyMatch(type::isAssignableTo);
    }

    /** An interface such as List tells nothing, so the initialiser has to: it makes copies that nobody can change. */
    private static boolean isCopied(JavaClass owner) {
        return owner.getStaticInitializer().stream()
                .flatMap(initializer -> initializer.getMethodCallsFromSelf().stream())
                .anyMatch(call -> MAKERS_OF_COPIES.contains(call.getTarget().getName())
                        && call.getTargetOwner().getPackageName().startsWith("java.util"));
    }
}
