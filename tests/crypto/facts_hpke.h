/* SPDX-License-Identifier: MPL-2.0 */
/* The test vectors of HPKE for the modes base and psk [RFC9180 §A]. */
#ifndef KITH_TESTS_CRYPTO_FACTS_HPKE_H
#define KITH_TESTS_CRYPTO_FACTS_HPKE_H

#include "crypto/crypto.h"

typedef struct hpke_fact {
    crypto_hpke_suite suite;
    const char *ikm_e;
    const char *ikm_r;
    const char *private_key;
    const char *public_key;
    const char *enc;
    const char *shared_secret;
    const char *psk;
    const char *psk_id;
    const char *key;
    const char *base_nonce;
    const char *exporter;
    /* Sealed as messages 0, 1 and 256 of the context; NULL for an export-only suite. */
    const char *sealed[3];
    /* Exported, 32 bytes, with the contexts "", 0x00 and "TestContext". */
    const char *exported[3];
} hpke_fact;

static const hpke_fact hpke_facts[] = {
    {
        .suite = {(crypto_kem_id)0x0020, (crypto_kdf_id)1, (crypto_aead_id)1},
        .ikm_e = "7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234",
        .ikm_r = "6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037",
        .private_key = "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
        .public_key = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
        .enc = "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
        .shared_secret = "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
        .psk = "",
        .psk_id = "",
        .key = "4531685d41d65f03dc48f6b8302c05b0",
        .base_nonce = "56d890e5accaaf011cff4b7d",
        .exporter = "45ff1c2e220db587171952c0592d5f5ebe103f1561a2614e38f2ffd47e99e3f8",
        .sealed = {"f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83"
                   "d07bea87e13c512a",
                   "af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a"
                   "56b8ca42c2063b84",
                   "957f9800542b0b8891badb026d79cc54597cb2d225b54c00c5238c25d05c30e3fbeda97d2e"
                   "0e1aba483a2df9f2"},
        .exported = {"3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee",
                     "2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5",
                     "e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931"},
    },
    {
        .suite = {(crypto_kem_id)0x0020, (crypto_kdf_id)1, (crypto_aead_id)1},
        .ikm_e = "78628c354e46f3e169bd231be7b2ff1c77aa302460a26dbfa15515684c00130b",
        .ikm_r = "d4a09d09f575fef425905d2ab396c1449141463f698f8efdb7accfaff8995098",
        .private_key = "c5eb01eb457fe6c6f57577c5413b931550a162c71a03ac8d196babbd4e5ce0fd",
        .public_key = "9fed7e8c17387560e92cc6462a68049657246a09bfa8ade7aefe589672016366",
        .enc = "0ad0950d9fb9588e59690b74f1237ecdf1d775cd60be2eca57af5a4b0471c91b",
        .shared_secret = "727699f009ffe3c076315019c69648366b69171439bd7dd0807743bde76986cd",
        .psk = "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
        .psk_id = "456e6e796e20447572696e206172616e204d6f726961",
        .key = "15026dba546e3ae05836fc7de5a7bb26",
        .base_nonce = "9518635eba129d5ce0914555",
        .exporter = "3d76025dbbedc49448ec3f9080a1abab6b06e91c0b11ad23c912f043a0ee7655",
        .sealed = {"e52c6fed7f758d0cf7145689f21bc1be6ec9ea097fef4e959440012f4feb73fb611b946199"
                   "e681f4cfc34db8ea",
                   "49f3b19b28a9ea9f43e8c71204c00d4a490ee7f61387b6719db765e948123b45b61633ef05"
                   "9ba22cd62437c8ba",
                   "c5bf246d4a790a12dcc9eed5eae525081e6fb541d5849e9ce8abd92a3bc1551776bea16b4a"
                   "518f23e237c14b59"},
        .exported = {"dff17af354c8b41673567db6259fd6029967b4e1aad13023c2ae5df8f4f43bf6",
                     "6a847261d8207fe596befb52928463881ab493da345b10e1dcc645e3b94e2d95",
                     "8aff52b45a1be3a734bc7a41e20b4e055ad4c4d22104b0c20285a7c4302401cd"},
    },
    {
        .suite = {(crypto_kem_id)0x0020, (crypto_kdf_id)1, (crypto_aead_id)3},
        .ikm_e = "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
        .ikm_r = "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df",
        .private_key = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
        .public_key = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
        .enc = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
        .shared_secret = "0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7",
        .psk = "",
        .psk_id = "",
        .key = "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91",
        .base_nonce = "5c4d98150661b848853b547f",
        .exporter = "a3b010d4994890e2c6968a36f64470d3c824c8f5029942feb11e7a74b2921922",
        .sealed = {"1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce"
                   "81883d2dd1b51a28",
                   "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc"
                   "95ba5f59992dc98c",
                   "7a4a13e9ef23978e2c520fd4d2e757514ae160cd0cd05e556ef692370ca53076214c0c40d4"
                   "c728d6ed9e727a5b"},
        .exported = {"4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e",
                     "8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69",
                     "5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53"},
    },
    {
        .suite = {(crypto_kem_id)0x0020, (crypto_kdf_id)1, (crypto_aead_id)3},
        .ikm_e = "35706a0b09fb26fb45c39c2f5079c709c7cf98e43afa973f14d88ece7e29c2e3",
        .ikm_r = "26b923eade72941c8a85b09986cdfa3f1296852261adedc52d58d2930269812b",
        .private_key = "77d114e0212be51cb1d76fa99dd41cfd4d0166b08caa09074430a6c59ef17879",
        .public_key = "13640af826b722fc04feaa4de2f28fbd5ecc03623b317834e7ff4120dbe73062",
        .enc = "2261299c3f40a9afc133b969a97f05e95be2c514e54f3de26cbe5644ac735b04",
        .shared_secret = "4be079c5e77779d0215b3f689595d59e3e9b0455d55662d1f3666ec606e50ea7",
        .psk = "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
        .psk_id = "456e6e796e20447572696e206172616e204d6f726961",
        .key = "600d2fdb0313a7e5c86a9ce9221cd95bed069862421744cfb4ab9d7203a9c019",
        .base_nonce = "112e0465562045b7368653e7",
        .exporter = "73b506dc8b6b4269027f80b0362def5cbb57ee50eed0c2873dac9181f453c5ac",
        .sealed = {"4a177f9c0d6f15cfdf533fb65bf84aecdc6ab16b8b85b4cf65a370e07fc1d78d28fb073214"
                   "525276f4a89608ff",
                   "5c3cabae2f0b3e124d8d864c116fd8f20f3f56fda988c3573b40b09997fd6c769e77c8eda6"
                   "cda4f947f5b704a8",
                   "c567ae1c3f0f75abe1dd9e4532b422600ed4a6e5b9484dafb1e43ab9f5fd662b28c00e2e81"
                   "d3cde955dae7e218"},
        .exported = {"813c1bfc516c99076ae0f466671f0ba5ff244a41699f7b2417e4c59d46d39f40",
                     "2745cf3d5bb65c333658732954ee7af49eb895ce77f8022873a62a13c94cb4e1",
                     "ad40e3ae14f21c99bfdebc20ae14ab86f4ca2dc9a4799d200f43a25f99fa78ae"},
    },
    {
        .suite = {(crypto_kem_id)0x0010, (crypto_kdf_id)1, (crypto_aead_id)1},
        .ikm_e = "4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e",
        .ikm_r = "668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550",
        .private_key = "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2",
        .public_key =
            "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0"
            "e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0",
        .enc = "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b7"
               "8e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4",
        .shared_secret = "c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8",
        .psk = "",
        .psk_id = "",
        .key = "868c066ef58aae6dc589b6cfdd18f97e",
        .base_nonce = "4e0bc5018beba4bf004cca59",
        .exporter = "14ad94af484a7ad3ef40e9f3be99ecc6fa9036df9d4920548424df127ee0d99f",
        .sealed = {"5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e"
                   "3ab2523f39513434",
                   "fa6f037b47fc21826b610172ca9637e82d6e5801eb31cbd3748271affd4ecb06646e0329cb"
                   "df3c3cd655b28e82",
                   "10f179686aa2caec1758c8e554513f16472bd0a11e2a907dde0b212cbe87d74f367f8ffe5e"
                   "41cd3e9962a6afb2"},
        .exported = {"5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d",
                     "6cff87658931bda83dc857e6353efe4987a201b849658d9b047aab4cf216e796",
                     "d8f1ea7942adbba7412c6d431c62d01371ea476b823eb697e1f6e6cae1dab85a"},
    },
    {
        .suite = {(crypto_kem_id)0x0010, (crypto_kdf_id)1, (crypto_aead_id)1},
        .ikm_e = "2afa611d8b1a7b321c761b483b6a053579afa4f767450d3ad0f84a39fda587a6",
        .ikm_r = "d42ef874c1913d9568c9405407c805baddaffd0898a00f1e84e154fa787b2429",
        .private_key = "438d8bcef33b89e0e9ae5eb0957c353c25a94584b0dd59c991372a75b43cb661",
        .public_key =
            "040d97419ae99f13007a93996648b2674e5260a8ebd2b822e84899cd52d87446ea394ca76223b76639"
            "eccdf00e1967db10ade37db4e7db476261fcc8df97c5ffd1",
        .enc = "04305d35563527bce037773d79a13deabed0e8e7cde61eecee403496959e89e4d0ca701726696d1485"
               "137ccb5341b3c1c7aaee90a4a02449725e744b1193b53b5f",
        .shared_secret = "2e783ad86a1beae03b5749e0f3f5e9bb19cb7eb382f2fb2dd64c99f15ae0661b",
        .psk = "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
        .psk_id = "456e6e796e20447572696e206172616e204d6f726961",
        .key = "55d9eb9d26911d4c514a990fa8d57048",
        .base_nonce = "b595dc6b2d7e2ed23af529b1",
        .exporter = "895a723a1eab809804973a53c0ee18ece29b25a7555a4808277ad2651d66d705",
        .sealed = {"90c4deb5b75318530194e4bb62f890b019b1397bbf9d0d6eb918890e1fb2be1ac2603193b6"
                   "0a49c2126b75d0eb",
                   "9e223384a3620f4a75b5a52f546b7262d8826dea18db5a365feb8b997180b22d72dc1287f7"
                   "089a1073a7102c27",
                   "faf985208858b1253b97b60aecd28bc18737b58d1242370e7703ec33b73a4c31a1afee300e"
                   "349adef9015bbbfd"},
        .exported = {"a115a59bf4dd8dc49332d6a0093af8efca1bcbfd3627d850173f5c4a55d0c185",
                     "4517eaede0669b16aac7c92d5762dd459c301fa10e02237cd5aeb9be969430c4",
                     "164e02144d44b607a7722e58b0f4156e67c0c2874d74cf71da6ca48a4cbdc5e0"},
    },
    {
        .suite = {(crypto_kem_id)0x0010, (crypto_kdf_id)3, (crypto_aead_id)1},
        .ikm_e = "4ab11a9dd78c39668f7038f921ffc0993b368171d3ddde8031501ee1e08c4c9a",
        .ikm_r = "ea9ff7cc5b2705b188841c7ace169290ff312a9cb31467784ca92d7a2e6e1be8",
        .private_key = "3ac8530ad1b01885960fab38cf3cdc4f7aef121eaa239f222623614b4079fb38",
        .public_key =
            "04085aa5b665dc3826f9650ccbcc471be268c8ada866422f739e2d531d4a8818a9466bc6b449357096"
            "232919ec4fe9070ccbac4aac30f4a1a53efcf7af90610edd",
        .enc = "0493ed86735bdfb978cc055c98b45695ad7ce61ce748f4dd63c525a3b8d53a15565c6897888070070c"
               "1579db1f86aaa56deb8297e64db7e8924e72866f9a472580",
        .shared_secret = "02f584736390fc93f5b4ad039826a3fa08e9911bd1215a3db8e8791ba533cafd",
        .psk = "",
        .psk_id = "",
        .key = "090ca96e5f8aa02b69fac360da50ddf9",
        .base_nonce = "9c995e621bf9a20c5ca45546",
        .exporter =
            "4a7abb2ac43e6553f129b2c5750a7e82d149a76ed56dc342d7bca61e26d494f4855dff0d0165f27ce5"
            "7756f7f16baca006539bb8e4518987ba610480ac03efa8",
        .sealed = {"d3cf4984931484a080f74c1bb2a6782700dc1fef9abe8442e44a6f09044c88907200b33200"
                   "3543754eb51917ba",
                   "d14414555a47269dfead9fbf26abb303365e40709a4ed16eaefe1f2070f1ddeb1bdd94d9e4"
                   "1186f124e0acc62d",
                   "62092672f5328a0dde095e57435edf7457ace60b26ee44c9291110ec135cb0e14b85594e4f"
                   "ea11247d937deb62"},
        .exported = {"a32186b8946f61aeead1c093fe614945f85833b165b28c46bf271abf16b57208",
                     "84998b304a0ea2f11809398755f0abd5f9d2c141d1822def79dd15c194803c2a",
                     "93fb9411430b2cfa2cf0bed448c46922a5be9beff20e2e621df7e4655852edbc"},
    },
    {
        .suite = {(crypto_kem_id)0x0010, (crypto_kdf_id)3, (crypto_aead_id)1},
        .ikm_e = "c11d883d6587f911d2ddbc2a0859d5b42fb13bf2c8e89ef408a25564893856f5",
        .ikm_r = "75bfc2a3a3541170a54c0b06444e358d0ee2b4fb78a401fd399a47a33723b700",
        .private_key = "bc6f0b5e22429e5ff47d5969003f3cae0f4fec50e23602e880038364f33b8522",
        .public_key =
            "043f5266fba0742db649e1043102b8a5afd114465156719cea90373229aabdd84d7f45dabfc1f55664"
            "b888a7e86d594853a6cccdc9b189b57839cbbe3b90b55873",
        .enc = "04a307934180ad5287f95525fe5bc6244285d7273c15e061f0f2efb211c35057f3079f6e0abae20099"
               "2610b25f48b63aacfcb669106ddee8aa023feed301901371",
        .shared_secret = "2912aacc6eaebd71ff715ea50f6ef3a6637856b2a4c58ea61e0c3fc159e3bc16",
        .psk = "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
        .psk_id = "456e6e796e20447572696e206172616e204d6f726961",
        .key = "0b910ba8d9cfa17e5f50c211cb32839a",
        .base_nonce = "0c29e714eb52de5b7415a1b7",
        .exporter =
            "50c0a182b6f94b4c0bd955c4aa20df01f282cc12c43065a0812fe4d4352790171ed2b2c4756ad7f5a7"
            "30ba336c8f1edd0089d8331192058c385bae39c7cc8b57",
        .sealed = {"57624b6e320d4aba0afd11f548780772932f502e2ba2a8068676b2a0d3b5129a45b9faa88d"
                   "e39e8306da41d4cc",
                   "159d6b4c24bacaf2f5049b7863536d8f3ffede76302dace42080820fa51925d4e1c72a64f8"
                   "7b14291a3057e00a",
                   "cc161f5a179831d456d119d2f2c19a6817289c75d1c61cd37ac8a450acd9efba02e0ac00d1"
                   "28c17855931ff69a"},
        .exported = {"8158bea21a6700d37022bb7802866edca30ebf2078273757b656ef7fc2e428cf",
                     "6a348ba6e0e72bb3ef22479214a139ef8dac57be34509a61087a12565473da8d",
                     "2f6d4f7a18ec48de1ef4469f596aada4afdf6d79b037ed3c07e0118f8723bffc"},
    },
    {
        .suite = {(crypto_kem_id)0x0010, (crypto_kdf_id)1, (crypto_aead_id)3},
        .ikm_e = "f1f1a3bc95416871539ecb51c3a8f0cf608afb40fbbe305c0a72819d35c33f1f",
        .ikm_r = "61092f3f56994dd424405899154a9918353e3e008171517ad576b900ddb275e7",
        .private_key = "a4d1c55836aa30f9b3fbb6ac98d338c877c2867dd3a77396d13f68d3ab150d3b",
        .public_key =
            "04a697bffde9405c992883c5c439d6cc358170b51af72812333b015621dc0f40bad9bb726f68a5c013"
            "806a790ec716ab8669f84f6b694596c2987cf35baba2a006",
        .enc = "04c07836a0206e04e31d8ae99bfd549380b072a1b1b82e563c935c095827824fc1559eac6fb9e3c70c"
               "d3193968994e7fe9781aa103f5b50e934b5b2f387e381291",
        .shared_secret = "806520f82ef0b03c823b7fc524b6b55a088f566b9751b89551c170f4113bd850",
        .psk = "",
        .psk_id = "",
        .key = "a8f45490a92a3b04d1dbf6cf2c3939ad8bfc9bfcb97c04bffe116730c9dfe3fc",
        .base_nonce = "726b4390ed2209809f58c693",
        .exporter = "4f9bd9b3a8db7d7c3a5b9d44fdc1f6e37d5d77689ade5ec44a7242016e6aa205",
        .sealed = {"6469c41c5c81d3aa85432531ecf6460ec945bde1eb428cb2fedf7a29f5a685b4ccb0d057f0"
                   "3ea2952a27bb458b",
                   "f1564199f7e0e110ec9c1bcdde332177fc35c1adf6e57f8d1df24022227ffa8716862dbda2"
                   "b1dc546c9d114374",
                   "b45b69d419a9be7219d8c94365b89ad6951caf4576ea4774ea40e9b7047a09d6537d1aa2f7"
                   "c12d6ae4b729b4d0"},
        .exported = {"9b13c510416ac977b553bf1741018809c246a695f45eff6d3b0356dbefe1e660",
                     "6c8b7be3a20a5684edecb4253619d9051ce8583baf850e0cb53c402bdcaf8ebb",
                     "477a50d804c7c51941f69b8e32fe8288386ee1a84905fe4938d58972f24ac938"},
    },
    {
        .suite = {(crypto_kem_id)0x0010, (crypto_kdf_id)1, (crypto_aead_id)3},
        .ikm_e = "e1a4e1d50c4bfcf890f2b4c7d6b2d2aca61368eddc3c84162df2856843e1057a",
        .ikm_r = "ee51dec304abf993ef8fd52aacdd3b539108bbf6e491943266c1de89ec596a17",
        .private_key = "12ecde2c8bc2d5d7ed2219c71f27e3943d92b344174436af833337c557c300b3",
        .public_key =
            "041eb8f4f20ab72661af369ff3231a733672fa26f385ffb959fd1bae46bfda43ad55e2d573b8808313"
            "81d9367417f554ce5b2134fbba5235b44db465feffc6189e",
        .enc = "04f336578b72ad7932fe867cc4d2d44a718a318037a0ec271163699cee653fa805c1fec955e562663e"
               "0c2061bb96a87d78892bff0cc0bad7906c2d998ebe1a7246",
        .shared_secret = "ac4f260dce4db6bf45435d9c92c0e11cfdd93743bd3075949975974cc2b3d79e",
        .psk = "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
        .psk_id = "456e6e796e20447572696e206172616e204d6f726961",
        .key = "6d61cb330b7771168c8619498e753f16198aad9566d1f1c6c70e2bc1a1a8b142",
        .base_nonce = "0de7655fb65e1cd51a38864e",
        .exporter = "754ca00235b245e72d1f722a7718e7145bd113050a2aa3d89586d4cb7514bfdb",
        .sealed = {"21433eaff24d7706f3ed5b9b2e709b07230e2b11df1f2b1fe07b3c70d5948a53d6fa5c8bed"
                   "194020bd9df0877b",
                   "c74a764b4892072ea8c2c56b9bcd46c7f1e9ca8cb0a263f8b40c2ba59ac9c857033f176019"
                   "562218769d3e0452",
                   "1ea6326c8098ed0437a553c466550114fb2ca1412cca7de98709b9ccdf19206e52c3d39180"
                   "e2cf62b3e9f4baf4"},
        .exported = {"530bbc2f68f078dccc89cc371b4f4ade372c9472bafe4601a8432cbb934f528d",
                     "6e25075ddcc528c90ef9218f800ca3dfe1b8ff4042de5033133adb8bd54c401d",
                     "6f6fbd0d1c7733f796461b3235a856cc34f676fe61ed509dfc18fa16efe6be78"},
    },
    {
        .suite = {(crypto_kem_id)0x0012, (crypto_kdf_id)3, (crypto_aead_id)2},
        .ikm_e =
            "7f06ab8215105fc46aceeb2e3dc5028b44364f960426eb0d8e4026c2f8b5d7e7a986688f1591abf5ab"
            "753c357a5d6f0440414b4ed4ede71317772ac98d9239f70904",
        .ikm_r =
            "2ad954bbe39b7122529f7dde780bff626cd97f850d0784a432784e69d86eccaade43b6c10a8ffdb94b"
            "f943c6da479db137914ec835a7e715e36e45e29b587bab3bf1",
        .private_key =
            "01462680369ae375e4b3791070a7458ed527842f6a98a79ff5e0d4cbde83c27196a3916956655523a6"
            "a2556a7af62c5cadabe2ef9da3760bb21e005202f7b2462847",
        .public_key =
            "0401b45498c1714e2dce167d3caf162e45e0642afc7ed435df7902ccae0e84ba0f7d373f646b7738bb"
            "bdca11ed91bdeae3cdcba3301f2457be452f271fa6837580e661012af49583a62e48d44bed350c7118"
            "c0d8dc861c238c72a2bda17f64704f464b57338e7f40b60959480c0e58e6559b190d81663ed816e523"
            "b6b6a418f66d2451ec64",
        .enc = "040138b385ca16bb0d5fa0c0665fbbd7e69e3ee29f63991d3e9b5fa740aab8900aaeed46ed73a49055"
               "758425a0ce36507c54b29cc5b85a5cee6bae0cf1c21f2731ece2013dc3fb7c8d21654bb161b463962c"
               "a19e8c654ff24c94dd2898de12051f1ed0692237fb02b2f8d1dc1c73e9b366b529eb436e98a996ee52"
               "2aef863dd5739d2f29b0",
        .shared_secret =
            "776ab421302f6eff7d7cb5cb1adaea0cd50872c71c2d63c30c4f1d5e43653336fef33b103c67e7a98a"
            "dd2d3b66e2fda95b5b2a667aa9dac7e59cc1d46d30e818",
        .psk = "",
        .psk_id = "",
        .key = "751e346ce8f0ddb2305c8a2a85c70d5cf559c53093656be636b9406d4d7d1b70",
        .base_nonce = "55ff7a7d739c69f44b25447b",
        .exporter =
            "e4ff9dfbc732a2b9c75823763c5ccc954a2c0648fc6de80a58581252d0ee3215388a4455e69086b50b"
            "87eb28c169a52f42e71de4ca61c920e7bd24c95cc3f992",
        .sealed = {"170f8beddfe949b75ef9c387e201baf4132fa7374593dfafa90768788b7b2b200aafcc6d80"
                   "ea4c795a7c5b841a",
                   "d9ee248e220ca24ac00bbbe7e221a832e4f7fa64c4fbab3945b6f3af0c5ecd5e16815b328b"
                   "e4954a05fd352256",
                   "dbbfc44ae037864e75f136e8b4b4123351d480e6619ae0e0ae437f036f2f8f1ef677686323"
                   "977a1ccbb4b4f16a"},
        .exported = {"05e2e5bd9f0c30832b80a279ff211cc65eceb0d97001524085d609ead60d0412",
                     "fca69744bb537f5b7a1596dbf34eaa8d84bf2e3ee7f1a155d41bd3624aa92b63",
                     "f389beaac6fcf6c0d9376e20f97e364f0609a88f1bc76d7328e9104df8477013"},
    },
    {
        .suite = {(crypto_kem_id)0x0012, (crypto_kdf_id)3, (crypto_aead_id)2},
        .ikm_e =
            "f3ebfa9a69a924e672114fcd9e06fa9559e937f7eccce4181a2b506df53dbe514be12f094bb28e01de"
            "19dd345b4f7ede5ad7eaa6b9c3019592ec68eaae9a14732ce0",
        .ikm_r =
            "a2a2458705e278e574f835effecd18232f8a4c459e7550a09d44348ae5d3b1ea9d95c51995e657ad6f"
            "7cae659f5e186126a471c017f8f5e41da9eba74d4e0473e179",
        .private_key =
            "011bafd9c7a52e3e71afbdab0d2f31b03d998a0dc875dd7555c63560e142bde264428de03379863b4e"
            "c6138f813fa009927dc5d15f62314c56d4e7ff2b485753eb72",
        .public_key =
            "04006917e049a2be7e1482759fb067ddb94e9c4f7f5976f655088dec45246614ff924ed3b385fc2986"
            "c0ecc39d14f907bf837d7306aada59dd5889086125ecd038ead400603394b5d81f89ebfd556a898cc1"
            "d6a027e143d199d3db845cb91c5289fb26c5ff80832935b0e8dd08d37c6185a6f77683347e472d1edb"
            "6daa6bd7652fea628fae",
        .enc = "040085eff0835cc84351f32471d32aa453cdc1f6418eaaecf1c2824210eb1d48d0768b368110fab214"
               "07c324b8bb4bec63f042cfa4d0868d19b760eb4beba1bff793b30036d2c614d55730bd2a40c718f946"
               "6faf4d5f8170d22b6df98dfe0c067d02b349ae4a142e0c03418f0a1479ff78a3db07ae2c2e89e5840f"
               "712c174ba2118e90fdcb",
        .shared_secret =
            "0d52de997fdaa4797720e8b1bebd3df3d03c4cf38cc8c1398168d36c3fc7626428c9c254dd3f927445"
            "0909c64a5b3acbe45e2d850a2fd69ac0605fe5c8a057a5",
        .psk = "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
        .psk_id = "456e6e796e20447572696e206172616e204d6f726961",
        .key = "f764a5a4b17e5d1ffba6e699d65560497ebaea6eb0b0d9010a6d979e298a39ff",
        .base_nonce = "479afdf3546ddba3a9841f38",
        .exporter =
            "5c3d4b65a13570502b93095ef196c42c8211a4a188c4590d35863665c705bb140ecba6ce9256be3fad"
            "35b4378d41643867454612adfd0542a684b61799bf293f",
        .sealed = {"de69e9d943a5d0b70be3359a19f317bd9aca4a2ebb4332a39bcdfc97d5fe62f3a77702f482"
                   "2c3be531aa7843a1",
                   "77a16162831f90de350fea9152cfc685ecfa10acb4f7994f41aed43fa5431f2382d078ec88"
                   "baec53943984553e",
                   "eecc2173ce1ac14b27ee67041e90ed50b7809926e55861a579949c07f6d26137bf9cf0d097"
                   "f60b5fd2fbf348ec"},
        .exported = {"62691f0f971e34de38370bff24deb5a7d40ab628093d304be60946afcdb3a936",
                     "76083c6d1b6809da088584674327b39488eaf665f0731151128452e04ce81bff",
                     "0c7cfc0976e25ae7680cf909ae2de1859cd9b679610a14bec40d69b91785b2f6"},
    },
    {
        .suite = {(crypto_kem_id)0x0020, (crypto_kdf_id)1, (crypto_aead_id)65535},
        .ikm_e = "55bc245ee4efda25d38f2d54d5bb6665291b99f8108a8c4b686c2b14893ea5d9",
        .ikm_r = "683ae0da1d22181e74ed2e503ebf82840deb1d5e872cade20f4b458d99783e31",
        .private_key = "33d196c830a12f9ac65d6e565a590d80f04ee9b19c83c87f2c170d972a812848",
        .public_key = "194141ca6c3c3beb4792cd97ba0ea1faff09d98435012345766ee33aae2d7664",
        .enc = "e5e8f9bfff6c2f29791fc351d2c25ce1299aa5eaca78a757c0b4fb4bcd830918",
        .shared_secret = "e81716ce8f73141d4f25ee9098efc968c91e5b8ce52ffff59d64039e82918b66",
        .psk = "",
        .psk_id = "",
        .key = "",
        .base_nonce = "",
        .exporter = "79dc8e0509cf4a3364ca027e5a0138235281611ca910e435e8ed58167c72f79b",
        .exported = {"7a36221bd56d50fb51ee65edfd98d06a23c4dc87085aa5866cb7087244bd2a36",
                     "d5535b87099c6c3ce80dc112a2671c6ec8e811a2f284f948cec6dd1708ee33f0",
                     "ffaabc85a776136ca0c378e5d084c9140ab552b78f039d2e8775f26efff4c70e"},
    },
    {
        .suite = {(crypto_kem_id)0x0020, (crypto_kdf_id)1, (crypto_aead_id)65535},
        .ikm_e = "c51211a8799f6b8a0021fcba673d9c4067a98ebc6794232e5b06cb9febcbbdf5",
        .ikm_r = "5e0516b1b29c0e13386529da16525210c796f7d647c37eac118023a6aa9eb89a",
        .private_key = "98f304d4ecb312689690b113973c61ffe0aa7c13f2fbe365e48f3ed09e5a6a0c",
        .public_key = "d53af36ea5f58f8868bb4a1333ed4cc47e7a63b0040eb54c77b9c8ec456da824",
        .enc = "d3805a97cbcd5f08babd21221d3e6b362a700572d14f9bbeb94ec078d051ae3d",
        .shared_secret = "024573db58c887decb4c57b6ed39f2c9a09c85600a8a0ecb11cac24c6aaec195",
        .psk = "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
        .psk_id = "456e6e796e20447572696e206172616e204d6f726961",
        .key = "",
        .base_nonce = "",
        .exporter = "04261818aeae99d6aba5101bd35ddf3271d909a756adcef0d41389d9ed9ab153",
        .exported = {"be6c76955334376aa23e936be013ba8bbae90ae74ed995c1c6157e6f08dd5316",
                     "1721ed2aa852f84d44ad020c2e2be4e2e6375098bf48775a533505fd56a3f416",
                     "7c9d79876a288507b81a5a52365a7d39cc0fa3f07e34172984f96fec07c44cba"},
    },
};

#endif
