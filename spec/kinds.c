/* The head that every document has, and the three kinds. */
#include "spec/controller_doc.h"
#include "spec/estate_doc.h"
#include "spec/field.h"

static const char *const kind_list[] = {"Topology", "Controller", "Estate"};
static const struct dr_words kind_words = {kind_list, NULL, DR_KIND_COUNT};
static const char *const api_list[] = {"drover/v1"};
static const struct dr_words api_words = {api_list, NULL, 1};

/* clang-format off */
static const struct dr_field metadata_fields[] = {
    {.key = "name", DR_FIELD_STRING(struct dr_metadata, name), .format = DR_F_LABEL, .required = true, .change = DR_CHANGE_REBUILD, .example = "orders", .help = "What the document is called. Names of one kind are unique."},
    {.key = "labels", DR_FIELD_PAIRS(struct dr_metadata, labels, label_count), .aside = true, .example = "{team: payments}", .help = "Words of your own."},
    {.key = "generation", DR_FIELD_U64(struct dr_metadata, generation), .aside = true, .min = 1, .help = "Where the source is a folder or a file: raised with each edit. It must not fall."},
    {.key = "formerly", DR_FIELD_STRING(struct dr_metadata, formerly), .format = DR_F_LABEL, .help = "The old name of a topology that is renamed."},
    {0}};
static const struct dr_shape metadata_shape = {.fields = metadata_fields, .bytes = sizeof(struct dr_metadata)};

#define HEAD                                                                                         \
    {.key = "apiVersion", DR_FIELD_WORD(struct dr_doc, api, enum dr_api, api_words), .required = true, .help = "Version of the language."}, \
    {.key = "kind", DR_FIELD_WORD(struct dr_doc, kind, enum dr_kind, kind_words), .required = true, .help = "What the document declares."}, \
    {.key = "metadata", DR_FIELD_OBJECT(struct dr_doc, metadata, metadata_shape), .required = true, .help = "What the document is called."}

static const struct dr_field topology_root[] = {HEAD,
    {.key = "spec", .type = DR_T_OBJECT, .of = &dr_topology_shape, .required = true, .help = "The topology."}, {0}};
static const struct dr_field controller_root[] = {HEAD,
    {.key = "spec", .type = DR_T_OBJECT, .of = &dr_controller_shape, .required = true, .help = "The controller."}, {0}};
static const struct dr_field estate_root[] = {HEAD,
    {.key = "spec", .type = DR_T_OBJECT, .of = &dr_estate_shape, .required = true, .help = "The estate."}, {0}};
/* clang-format on */

static const struct dr_shape topology_root_shape = {.fields = topology_root};
static const struct dr_shape controller_root_shape = {.fields = controller_root};
static const struct dr_shape estate_root_shape = {.fields = estate_root};

const struct dr_kind_info dr_kinds[DR_KIND_COUNT] = {
    [DR_KIND_TOPOLOGY] = {"Topology", "Clusters that protect each other, and how.",
                          sizeof(struct dr_topology), &topology_root_shape},
    [DR_KIND_CONTROLLER] = {"Controller", "What `drover run` needs to know.",
                            sizeof(struct dr_controller_doc), &controller_root_shape},
    [DR_KIND_ESTATE] = {"Estate", "The simulated estate that `drover-sim` plays.",
                        sizeof(struct dr_estate_doc), &estate_root_shape},
};

const char *dr_kind_name(enum dr_kind kind)
{
    return kind_list[kind];
}

const char *dr_change_text(enum dr_change c)
{
    static const char *const texts[DR_CHANGE_COUNT] = {
        [DR_CHANGE_LIVE] = "takes effect with the next round",
        [DR_CHANGE_FEED] = "pauses the changefeed, updates and resumes it",
        [DR_CHANGE_ROLE] = "a role change with all its gates",
        [DR_CHANGE_REBUILD] = "needs a rebuild of the secondary",
        [DR_CHANGE_RESTART] = "takes effect when the process is started again",
    };
    return texts[c];
}
