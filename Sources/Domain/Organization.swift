/// A WorkOS organization. The rules use only its id: it may own a meeting's subscription.
package enum Organization {
    package typealias ID = Identifier<Organization>
}
